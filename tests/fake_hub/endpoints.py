"""Which function answers which request."""

import re
from collections.abc import Callable

from tests.fake_hub.http import Answer

Endpoint = Callable[..., Answer]
ENDPOINTS: list[tuple[str, re.Pattern[str], Endpoint]] = []
_PARTS = {"id": r"([^/]+(?:/[^/]+)?)", "path": r"(.+)"}


def endpoint(method: str, template: str) -> Callable[[Endpoint], Endpoint]:
    """Register a function for a path; what is in braces becomes its arguments."""
    pattern = re.compile(re.sub(r"{(\w+)}", lambda match: _PARTS.get(match[1], r"([^/]+)"), template))

    def register(function: Endpoint) -> Endpoint:
        ENDPOINTS.append((method, pattern, function))
        return function

    return register
