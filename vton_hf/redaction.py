"""What signs a request or a web address never gets into an error or a log, whoever wrote it into an option."""

import logging
import re
from typing import Final

_SIGNED: Final = re.compile(
    r"(?i)\b((?:X-(?:Amz|Goog|Oss)-(?:Signature|Credential|Security-Token)|Signature|sig|AWSAccessKeyId|"
    r"GoogleAccessId|OSSAccessKeyId|Key-Pair-Id|Policy|security-token|session-?token|access_token|q-signature|q-ak)"
    r"(?:=|%3D))[^&;\s'\"<>]+"
)
_LOGIN: Final = re.compile(r"(://)[^/\s:@'\"]*:(?!\d+[/\s'\"])[^\s@'\"]*@")


def redacted(text: str) -> str:
    """Blank out what signs an address: the values of such parameters, and a password in front of a host.

    >>> redacted("https://h/k?X-Amz-Signature=0f0e&X-Amz-Date=1")
    'https://h/k?X-Amz-Signature=***&X-Amz-Date=1'
    """
    return _LOGIN.sub(r"\1***@", _SIGNED.sub(r"\1***", text))


class _Redacting(logging.Filter):
    """Goes over each record of our logger."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if (clean := redacted(text)) != text:
            record.msg, record.args = clean, ()
        return True


logging.getLogger("vton_hf").addFilter(_Redacting())
