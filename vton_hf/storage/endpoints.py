"""Where a bucket lies and who asks, as botocore works it out, for clients that are not botocore."""

from typing import Any, Final
from urllib.parse import urlsplit

from vton_hf.storage.settings import StorageSettings

_UNDERSTOOD: Final = frozenset({"use_ssl", "default_block_size", "default_fill_cache", "default_cache_type"})
"""Options of s3fs that are about what only s3fs does, or about how it is told an endpoint."""


class S3EndpointResolver:
    """Asks an s3fs file system.

    Args:
        filesystem: From `open_filesystem`.
        settings: Those that it was made with.
        options: What they say beyond our own names, as it was handed to s3fs.
    """

    def __init__(self, filesystem: Any, settings: StorageSettings, options: frozenset[str]) -> None:
        self._fs = filesystem
        self._settings = settings
        self._plain = options <= _UNDERSTOOD

    async def of(self, bucket: str) -> dict[str, Any] | None:
        """What `lister.open_store` needs; None if the settings ask for something that only s3fs can do."""
        if not self._plain:
            return None
        client = await self._fs.set_session()
        # The one public way to learn what endpoint, addressing and partition botocore has settled on.
        request = {"Bucket": bucket, "Key": "key"}
        url = urlsplit(await client.generate_presigned_url("get_object", Params=request, ExpiresIn=60))
        virtual = not url.path.startswith(f"/{bucket}/")
        if url.path not in {"/key", f"/{bucket}/key"}:
            return None
        endpoint = {"endpoint": f"{url.scheme}://{url.netloc}", "virtual": virtual, "timeout": self._settings.timeout}
        key, secret, token = await self.credentials()
        if key is None and not self._settings.anonymous:
            return None
        return endpoint | {
            "region": client.meta.region_name,
            "access_key": key,
            "secret_key": secret,
            "session_token": token,
        }

    async def credentials(self) -> tuple[str | None, str | None, str | None]:
        """The key, its secret and its token now; all None if there are none or none are wanted."""
        settings = self._settings
        if settings.access_key or settings.anonymous:
            return settings.access_key, settings.secret_key, settings.session_token
        credentials = await self._fs.session.get_credentials()
        if credentials is None:
            return None, None, None
        now = await credentials.get_frozen_credentials()
        return now.access_key, now.secret_key, now.token
