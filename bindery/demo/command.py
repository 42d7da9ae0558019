"""`bindery demo`: the real service, the demo world, one wish (README)."""

import secrets
from collections.abc import Callable
from pathlib import Path

from bindery.adapters.outbound import Outbound
from bindery.demo.caller import Caller
from bindery.demo.wish import Account, Wish
from bindery.demo.world import World
from bindery.domain.addresses import Policy, Reach
from bindery.runtime.clock import SystemClock
from bindery.runtime.threads import Threads
from bindery.service import Service, run
from bindery.settings import Settings, load_settings


def demo_settings(folder: Path, world: World, *, port: int, key: str) -> Settings:
    """A service on loopback that knows nobody but the demo world. `folder` must be empty."""
    return load_settings(
        {
            "BINDERY_DATA_DIR": str(folder / "data"),
            "BINDERY_HOST": "127.0.0.1",
            "BINDERY_PORT": str(port),
            "BINDERY_API_KEY": key,
            "BINDERY_OPENLIBRARY_URL": world.openlibrary_url,
            "BINDERY_OPENLIBRARY_COVERS_URL": world.openlibrary_url,
        }
    )


async def demo(
    world: World, *, folder: Path, port: int, once: bool, say: Callable[[str], None]
) -> int:
    """Perform the wish; then stay up until told to stop, or with `once` end.

    Exit code 0 only if the book is on the shelf.
    """
    key = secrets.token_hex(16)
    account = Account(name="demo", password=secrets.token_urlsafe(9))
    settings = demo_settings(folder, world, port=port, key=key)
    settings.data_dir.mkdir(parents=True)
    shelf = folder / "books"
    shelf.mkdir()
    verdicts: list[bool] = []

    async def beside(service: Service) -> None:
        url = service.urls[0]
        outbound = Outbound(threads=Threads(), clock=SystemClock())
        async with outbound.client(Policy(Reach.LAN_LOOPBACK)) as http:
            caller = Caller(http, url, key)
            wish = Wish(caller, world, shelf=shelf, account=account, say=say)
            verdicts.append(await wish.perform())
        if once:
            service.stop()
            return
        say("")
        say(f"  {url}{settings.url_base}/")
        say(f"  sign in as {account.name} with the password {account.password}")
        say("  Ctrl-C ends the demo")

    code = await run(settings, beside)
    return code or int(verdicts != [True])
