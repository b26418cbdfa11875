"""How S3 is listed: the first pages as anyone would, and what is longer in folders, many at once."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.storage.bulk_list import bulk_list, nameless
from vton_hf.storage.endpoints import S3EndpointResolver
from vton_hf.storage.failures import BadAnswerError
from vton_hf.storage.listing import each, each_page
from vton_hf.storage.messages import Request
from vton_hf.storage.prefixes import bucket_and_key
from vton_hf.storage.retry import RetryPolicy
from vton_hf.storage.tables import join, page

SHORT: Final = 5
"""Pages in all that are listed without more ado: another process, which takes 0.3 s, is not worth while for less."""

_PROBE_KEYS: Final = 100
"""Keys that tell a folder of objects from one of folders. A page of 1,000 costs botocore 85 ms to parse."""

_DEPTH: Final = 4
_MOST_NAMELESS: Final = 200


@dataclass(frozen=True, slots=True)
class S3Listing:
    """One listing.

    Attributes:
        call: Sends one request to S3: the operation's name in snake case, then its parameters.
        endpoints: Where buckets lie.
        retry: How long each request is tried.
        progress: Gets the number of new objects as they come; below 0 for those that will come once more.
    """

    call: Callable[..., Awaitable[Mapping[str, Any]]]
    endpoints: S3EndpointResolver
    retry: RetryPolicy
    progress: Callable[[int], None]

    async def list_objects(self, requests: Sequence[Request]) -> list[pa.Table]:
        """All objects under the asks' URIs.

        Raises:
            VTONError: If one cannot be listed to its end.
        """
        pages_each, first = max(1, SHORT // len(requests)), {} if len(requests) <= SHORT else {"MaxKeys": _PROBE_KEYS}
        begun = await each(lambda request: self._begin(request, pages_each, first), requests)
        pages = [page for pages_of in begun if pages_of is not None for page in pages_of]
        long = [request for request, pages_of in zip(requests, begun, strict=True) if pages_of is None]
        return pages + await self._long(long) if long else pages

    async def list_page(self, requests: Sequence[Request], after: Sequence[str]) -> list[pa.Table]:
        """Of each the next page of up to 1,000 objects behind a URI, or from the beginning where that is empty."""
        keys = [bucket_and_key(uri)[1] if uri else "" for uri in after]
        bulk = len(requests) > SHORT
        questions = [(request.uri, key) for request, key in zip(requests, keys, strict=True)]
        answers = await bulk_list(questions, self.endpoints) if bulk else [None] * len(requests)

        async def page(request: Request, key: str, known: list[pa.Table] | None) -> pa.Table:
            if known is not None and not nameless(known):
                return join(known)
            return _table(request, await self._answer(request, **({"StartAfter": key} if key else {})))

        return await each(page, requests, keys, answers)

    async def _begin(self, request: Request, most: int, parameters: Mapping[str, int]) -> list[pa.Table] | None:
        """Its pages, or None if there are more than a few."""
        pages: list[pa.Table] = []
        answer: Mapping[str, Any] = {}
        while len(pages) < most:
            answer = await self._answer(request, **_onwards(answer), **parameters)
            pages.append(_table(request, answer))
            self.progress(pages[-1].num_rows)
            if not answer["IsTruncated"]:
                return pages
        self.progress(-sum(page.num_rows for page in pages))
        return None

    async def _long(self, requests: Sequence[Request]) -> list[pa.Table]:
        pages: list[pa.Table] = []
        spread = await each(lambda request: self._spread(request, pages), requests)
        folders = [folder for below in spread for folder in below]
        left = []
        answers = await bulk_list([(folder.uri, None) for folder in folders], self.endpoints, self.progress)
        for folder, below in zip(folders, answers, strict=True):
            unsure = nameless(below or ())
            if below is None or len(unsure) > _MOST_NAMELESS:
                left.append(folder)
            else:
                pages += await self._named(folder, below, unsure)
        return pages + await each_page(left, self._pages, self.progress)

    async def _spread(self, request: Request, pages: list[pa.Table], depth: int = 0) -> list[Request]:
        """The folders in it that are to be listed whole; objects that lie outside of them go to `pages`."""
        answer = await self._answer(request, Delimiter="/", MaxKeys=_PROBE_KEYS)
        below = [item["Prefix"] for item in answer.get("CommonPrefixes", [])]
        if answer["IsTruncated"] or depth == _DEPTH:
            return [request]
        pages.append(_table(request, answer))
        self.progress(pages[-1].num_rows)
        bucket, _ = bucket_and_key(request.uri)
        requests = [replace(request, uri=f"s3://{bucket}/{prefix}") for prefix in below]
        deeper = await each(lambda sub: self._spread(sub, pages, depth + 1), requests)
        return [folder for level in deeper for folder in level]

    async def _named(self, folder: Request, pages: list[pa.Table], unsure: Sequence[str]) -> list[pa.Table]:
        """The pages with the true names of empty objects."""
        if not unsure:
            return pages

        async def itself(request: Request) -> pa.Table:
            first = _table(request, await self._answer(request, MaxKeys=1))
            return first.filter(pc.equal(first["uri"], request.uri))

        names = [name for uri in dict.fromkeys(unsure) for name in (uri, f"{uri}/")]
        true = await each(itself, [replace(folder, uri=name) for name in names])
        return [page.filter(pc.invert(pc.is_in(page["uri"], pa.array(unsure)))) for page in pages] + true

    async def _pages(self, request: Request) -> AsyncGenerator[pa.Table, None]:
        answer: Mapping[str, Any] = {}
        while not answer or answer["IsTruncated"]:
            answer = await self._answer(request, **_onwards(answer))
            yield _table(request, answer)

    async def _answer(self, request: Request, **more: object) -> Mapping[str, Any]:
        bucket, key = bucket_and_key(request.uri)

        async def attempt() -> Mapping[str, Any]:
            parameters = {"Bucket": bucket, "Prefix": key, **more}
            return _complete(await self.call("list_objects_v2", **parameters), parameters)

        return await self.retry.until_answered(attempt, request)


def _onwards(answer: Mapping[str, Any]) -> dict[str, str]:
    return {"ContinuationToken": answer["NextContinuationToken"]} if answer else {}


def _table(request: Request, answer: Mapping[str, Any]) -> pa.Table:
    return page_of(bucket_and_key(request.uri)[0], answer)


def page_of(bucket: str, answer: Mapping[str, Any]) -> pa.Table:
    """The objects of one answer of S3, as botocore gives it."""
    contents = answer.get("Contents", [])
    return page(
        [f"s3://{bucket}/{item['Key']}" for item in contents],
        [item["Size"] for item in contents],
        [item.get("ETag", "").strip('"') for item in contents],
    )


def _complete(answer: Mapping[str, Any], parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    # A proxy's page parses as an empty listing: a silently smaller dataset.
    if "IsTruncated" not in answer:
        raise BadAnswerError("a listing without IsTruncated")
    following = answer.get("NextContinuationToken")
    if answer["IsTruncated"] and following in {None, "", parameters.get("ContinuationToken")}:
        raise BadAnswerError("a listing that does not go on")
    return answer
