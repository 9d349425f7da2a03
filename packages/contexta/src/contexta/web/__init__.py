"""The local server: pages for people, JSON for programs, over one workspace, only reading.

``make_server`` binds a port, ``serve`` also serves; ``build_app`` is the ASGI application for
a server of your own. It listens on loopback, and asks for a token anywhere else.

Errors: ``SurfaceError`` with ``http_port_in_use`` or ``http_bind_failed`` when it cannot start.
Requests that fail are answered with a status and a stable code, never with a traceback.
"""

from contexta.web._limits import Limits
from contexta.web._page import PageData
from contexta.web._params import Params
from contexta.web.app import build_app
from contexta.web.serve import Server, make_server, serve

__all__ = ["Limits", "PageData", "Params", "Server", "build_app", "make_server", "serve"]
