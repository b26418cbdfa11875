// Triplets that are to be left out, by key; kept in the browser, and written as the file that exclude= takes.
const STORED_AS = `vton-hf:${DATA.id}`;
const ROW_OF = new Map(ROWS.key.map((key, row) => [key, row]));
const MARKED = new Map(stored()); // with the reason, where findings do not say it
const LISTENERS = [];

function stored() {
  try {
    return JSON.parse(localStorage.getItem(STORED_AS) || "[]").filter(([key]) => ROW_OF.has(key));
  } catch {
    return [];
  }
}

function changed() {
  try {
    localStorage.setItem(STORED_AS, JSON.stringify([...MARKED]));
  } catch {
    say("This browser keeps nothing for pages of this kind: download the list before you close the page.");
  }
  LISTENERS.forEach((listener) => listener());
}

const isMarked = (row) => MARKED.has(ROWS.key[row]);

function mark(rows, wanted, reasons = new Map()) {
  for (const row of rows) {
    if (wanted) MARKED.set(ROWS.key[row], reasons.get(row) || "");
    else MARKED.delete(ROWS.key[row]);
  }
  changed();
  say(`${plural(rows.length, "triplet")} ${wanted ? "marked" : "unmarked"}; ${plural(MARKED.size, "triplet")} in the list`);
}

const markedRows = () => [...MARKED.keys()].map((key) => ROW_OF.get(key)).sort((a, b) => a - b);
const oneLine = (text) => text.replace(/\s+/g, " ").trim();

// The same form as `vton-hf validate --exclude-out` writes: reasons as comments above each key.
function excludeFile() {
  const keys = [...MARKED.keys()].sort();
  const lines = [`# ${plural(keys.length, "triplet")} to leave out: exclude='exclude.txt'. Delete a key to keep its triplet.`];
  for (const key of keys) {
    const reasons = FINDINGS[ROW_OF.get(key)].map((found) => `${found.check}: ${found.message}`);
    for (const reason of new Set([...reasons, MARKED.get(key)])) if (reason) lines.push(`# ${oneLine(reason)}`);
    lines.push(key);
  }
  return `${lines.join("\n")}\n`;
}

function download() {
  const link = element("a", {
    href: URL.createObjectURL(new Blob([excludeFile()], { type: "text/plain" })),
    download: "exclude.txt",
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
