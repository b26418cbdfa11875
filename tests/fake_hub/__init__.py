"""A Hugging Face Hub on 127.0.0.1, for datasets: `hub.token("ann")`, then real clients in processes of their own.

Clients read HF_ENDPOINT when they are imported, so they run as `run_python(code, hub.environment(token, home))`.
"""

from tests.fake_hub.clients import run_python, start_python
from tests.fake_hub.hub import Hub
from tests.fake_hub.server import serve_hub

__all__ = ["Hub", "run_python", "serve_hub", "start_python"]
