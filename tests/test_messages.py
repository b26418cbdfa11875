"""Each message of the package has an entry in docs/troubleshooting.md, and each entry a message."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import vton_hf

PACKAGE = Path(vton_hf.__file__).parent
PAGE = PACKAGE.parent / "docs" / "troubleshooting.md"
OF_OTHERS = "Messages of other libraries"

RUN = 20
"""Characters of fixed text in a row by which a search finds an entry."""

WORDS = 3
"""Fixed words of a message that has no such run; one with fewer hands on what something else said."""

LOGGED = (".warn", ".warning", ".error", ".exception", ".critical")

ELSEWHERE: dict[str, list[str]] = {
    "_core/disk.py": ["full"],
    "cache/chunks/disk.py": ["_words"],
    "exports/hub/failures.py": ["_CHANGED", "_ADVICE"],
    "cache/chunks/shared.py": ["fetch", "publish"],
    "exports/hub/repository.py": ["_LOG_IN"],
    "images/notices.py": ["_TEXTS"],
    "images/recognition.py": ["_CONVERT", "_STARTS", "_named", "_media", "_text"],
    "storage/folders.py": ["_WHY", "scan_folder", "_look"],
    "storage/hints.py": ["hint", "hub_line", "_local", "_web", "_bare"],
    "storage/integrity.py": ["_words"],
    "storage/messages.py": ["_CAUSES", "_DENIED", "_NO_ROOM"],
    "storage/misread.py": ["what_a_key_may_be", "_web", "_other_notation", "_inside"],
    "storage/retry.py": ["until_answered"],
    "transforms/triplet.py": ["_mended"],
    "triplets/audit.py": ["REASONS", "incomplete", "strangers"],
    "triplets/group.py": ["_several_cloths_message"],
    "triplets/layouts/table_files.py": ["_no_table"],
    "triplets/metadata.py": ["note"],
    "triplets/parts.py": ["_beside"],
    "triplets/select.py": ["_nothing_left", "_of_split"],
    "triplets/telling.py": ["_summary", "_garments"],
}
"""Functions and constants with words of messages that are raised or logged in other lines."""

HANDED_ON = {
    "builder/splits.py: split": "in _unreadable",
    "cache/chunks/disk.py: _words(error, root, needed)": "looked for there",
    "builder/share.py: failed": "in refusal",
    "cache/chunks/build.py: failed": "in refusal",
    "cache/chunks/reuse.py: group": "caught where images are read",
    "cache/chunks/shared.py: text": "in fetch and publish",
    "cache/chunks/write.py: self.job.chunk.name": "caught where chunks are built",
    "cache/leases.py: name": "caught where chunks are built",
    "cache/chunks/write.py: failures[0]": "in _refusal",
    "cli/parsing.py: redacted(message)": "of argparse",
    "cli/bench.py: str(error)": "of an ImportError of ours",
    "cli/running.py: in_its_words(self.format(record), self._args)": "of the logger",
    "exports/card/metadata.py: key": "in _odd",
    "exports/hub/failures.py: advice.format(repo_id=repo_id, namespace=repo_id.partition('/')[0]) + reply": "in _ADVICE",
    "exports/hub/repository.py: _LOG_IN": "looked for there",
    "storage/integrity.py: self._words(answer, flaw)": "looked for there",
    "storage/integrity.py: str(error)": "of a DamagedError of ours",
    "storage/messages.py: text": "in _CAUSES and _DENIED",
    "storage/obstore_reader.py: {'Error': answer, 'ResponseMetadata': status}": "of the store; said as in _CAUSES",
    "storage/retry.py: None": "the last failure; said as in _CAUSES",
    "storage/retry.py: text": "in until_answered",
    "storage/upload.py: (failure for failure in failures if isinstance(failure, Exception))": "said as in _CAUSES",
    "triplets/group.py: _several_cloths_message(listing, images, further)": "looked for there",
    "triplets/layouts/table_files.py: _no_table(paths, layout)": "looked for there",
    "exports/captions.py: template": "in _no_field",
    "exports/columns.py: source": "in _unknown",
    "triplets/select.py: _nothing_left(listing, whole, audit, gender, excluded.num_rows)": "looked for there",
}
"""What is raised or logged and is no text there: where the text is, or why it needs no entry."""

EXEMPT = {
    "The build writes … in all.": "a part of what is said of a full disk",
    "a listing that does not go on": "shown by the name of its class",
    "a listing without IsTruncated": "shown by the name of its class",
    "an answer without …": "shown by the name of its class",
    "longer than … bytes": "caught where images are read",
    "the system does not tell whether anybody holds it": "caught: batches then go torch's own way",
    "utf-8-sig": "an encoding",
}
"""Messages without an entry, and why."""


class Message(NamedTuple):
    """Words of the source, and where they are."""

    place: str
    text: str


class Entry(NamedTuple):
    """A message of the page, and its section."""

    section: str
    text: str


def normalised(text: str) -> str:
    """The text with single blanks and without backticks, with … for fields of `%` and of `str.format`."""
    text = re.sub(r"%\.?\d*[a-z]\b|\{[a-z_]*(?:!r)?\}", "…", text).replace("`", "")
    return " ".join(text.split())


def template(node: ast.AST) -> str | None:
    """What a string, an f-string, a sum or a tuple with one of them says; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(template(part) or "…" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [template(node.left), template(node.right)]
        return "".join(part or "…" for part in parts) if any(parts) else None
    if isinstance(node, ast.Tuple):
        return "…".join(filter(None, map(template, node.elts))) or None
    return None


def texts_in(node: ast.AST) -> Iterator[tuple[int, str]]:
    """All texts in a node, with their lines, docstrings apart."""
    for child in ast.iter_child_nodes(node):
        text = template(child) if isinstance(child, ast.expr) else None
        if text is not None:
            yield child.lineno, text  # type: ignore[attr-defined]
        elif not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
            yield from texts_in(child)


def told(node: ast.AST) -> ast.expr | None:
    """What a node raises, makes an error of, logs as a warning or prints beside the output; None if it does not."""
    call = node.exc if isinstance(node, ast.Raise) else node
    if not isinstance(call, ast.Call) or not call.args:
        return None
    function = ast.unparse(call.func)
    if function in {"must_be", "unknown_option"}:
        return None
    is_error = isinstance(node, ast.Raise) or function.endswith("Error") or function == "kind"
    beside = any(ast.unparse(each.value) == "sys.stderr" for each in call.keywords)
    if is_error or function.endswith(LOGGED) or beside:
        return call.args[0]
    return call.args[1] if function.endswith(".log") else None


@cache
def sources() -> dict[str, ast.Module]:
    """The package's files by path, apart from those that draw demo triplets."""
    files = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}
    return {
        name: ast.parse(path.read_text(encoding="utf-8"))
        for name, path in files.items()
        if not name.startswith("demo/")
    }


def named(file: str, name: str) -> list[ast.AST]:
    """Functions and constants of that name."""
    return [
        node
        for node in ast.walk(sources()[file])
        if (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name)
        or (isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name)
    ]


def calls() -> Iterator[tuple[str, ast.expr]]:
    """All that is raised or logged, with its file."""
    for file, tree in sources().items():
        for node in ast.walk(tree):
            if (said := told(node)) is not None:
                yield file, said


def runs(text: str) -> list[str]:
    return [run.strip() for run in text.split("…")]


def longest(text: str) -> int:
    return max(map(len, runs(text)))


def words(text: str) -> list[str]:
    return re.findall(r"[\w'=]+", text)


def is_telling(text: str) -> bool:
    """Whether it says something of its own."""
    return longest(text) >= RUN or len(words(text)) >= WORDS


@cache
def messages() -> list[Message]:
    """All that the package says of its own when something is wrong."""
    found = {(f"{file}:{said.lineno}", text) for file, said in calls() if (text := template(said)) is not None}
    for file, names in ELSEWHERE.items():
        for name in names:
            found |= {(f"{file}:{line}", text) for node in named(file, name) for line, text in texts_in(node)}
    return [Message(place, normalised(text)) for place, text in sorted(found)]


@cache
def entries() -> list[Entry]:
    """The messages of the page."""
    found, section = [], ""
    for line in PAGE.read_text(encoding="utf-8").replace(r"\|", "\0").splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("| "):
            cell = line.split("|")[1].replace("\0", "|")
            found += [Entry(section, normalised(text)) for text in re.findall(r"`([^`]+)`", cell)]
    return found


@cache
def pattern(entry: str) -> re.Pattern[str]:
    """What a message reads like that an entry is for."""
    return re.compile(".*".join(re.escape(run) for run in runs(entry) if run))


def covers(entry: Entry, message: Message) -> bool:
    """Whether a search for the words that a message begins with finds the entry."""
    match = pattern(entry.text).search(message.text)
    if match is None or longest(message.text[: match.start()]) >= RUN:
        return False
    return longest(entry.text) >= RUN or words(entry.text) == words(message.text)


def without_entry() -> list[Message]:
    """The messages that the page lacks."""
    telling = [message for message in messages() if is_telling(message.text)]
    return [message for message in telling if not any(covers(entry, message) for entry in entries())]


def test_each_message_has_an_entry() -> None:
    assert [message for message in without_entry() if message.text not in EXEMPT] == []


def test_each_entry_is_of_a_message() -> None:
    ours = [entry for entry in entries() if entry.section != OF_OTHERS]
    assert [entry for entry in ours if not any(covers(entry, message) for message in messages())] == []


def test_an_entry_stands_once() -> None:
    once = [entry.text for entry in entries()]
    assert sorted(once) == sorted(set(once))


def test_each_exemption_is_of_a_message_without_an_entry() -> None:
    assert set(EXEMPT) - {message.text for message in without_entry()} == set()


def test_what_is_no_text_where_it_is_raised_is_known() -> None:
    assert {f"{file}: {ast.unparse(said)}" for file, said in calls() if template(said) is None} == set(HANDED_ON)


@pytest.mark.parametrize(("file", "name"), [(file, name) for file, names in ELSEWHERE.items() for name in names])
def test_words_are_where_they_are_looked_for(file: str, name: str) -> None:
    assert [text for node in named(file, name) for _, text in texts_in(node) if is_telling(text)] != []
