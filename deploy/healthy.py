"""Asks the web process of this container whether it is well; exit 0 when it is.

It asks under the name of PUBLIC_URL, because the portal answers to no other.
"""

import http.client
import os
import sys
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 4


def is_well(path: str) -> bool:
    """This will say whether the path answers with 200."""
    bound_to = os.environ.get("WEB_BIND", "127.0.0.1:8000")
    port = int(bound_to.rpartition(":")[2])
    name = urlsplit(os.environ.get("PUBLIC_URL", "")).netloc or "127.0.0.1"
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        asked.request("GET", path, headers={"Host": name})
        return asked.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()


if __name__ == "__main__":
    sys.exit(0 if is_well((sys.argv[1:] or ["/healthz"])[0]) else 1)
