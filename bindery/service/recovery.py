"""What the command line does to the accounts of an installation that nobody can sign in to."""

from bindery.domain.refusal import Code
from bindery.http.passwords import Passwords, length_refusal
from bindery.operations import identity
from bindery.runtime.threads import Threads
from bindery.settings import Settings
from bindery.store import users
from bindery.store.lock import locked_folder
from bindery.store.store import open_store


class Refused(Exception):
    """Not done; the text says why and what to do."""


async def reset_password(settings: Settings, name: str, password: str) -> None:
    """Give an account a new password and end its sessions. The service must not be running.

    Raises `Refused`, `FolderLocked`, `NewerDatabase`, FileNotFoundError.
    """
    wrong = length_refusal(password, "password")
    if wrong is not None:
        short = wrong.code is Code.PASSWORD_TOO_SHORT
        raise Refused(f"the password is too {'short: it needs 8 bytes' if short else 'long'}")
    if not settings.db_path.is_file():
        raise FileNotFoundError(f"there is no database at {settings.db_path}")
    threads = Threads()
    with locked_folder(settings.data_dir):
        async with open_store(settings.db_path, threads=threads) as store:
            hashed = await Passwords(threads).hash(password)
            if not await identity.reset_password(store, name, hashed):
                known = ", ".join(store.read(users.names)) or "none"
                raise Refused(f"there is no account {name!r}; known: {known}")
