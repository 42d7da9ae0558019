"""The real command line with one thing altered that no setting may alter.

ALTERED=hooks,upgrade python -m tests.kit.altered serve

hooks: webhooks may go to this machine, where the tests listen. upgrade: a program one migration
newer than the database.
"""

import os
import sys
from dataclasses import dataclass

from bindery import cli, service
from bindery.adapters.outbound import OutboundConfig
from bindery.domain.addresses import Reach
from bindery.service.configs import outbound_config
from bindery.settings import Settings
from bindery.store import migrate
from bindery.store.migrate import Migration


@dataclass(frozen=True)
class _Newer:
    """What the next program would know."""

    now: list[Migration]

    def __call__(self) -> list[Migration]:
        sql = "CREATE TABLE later (a INTEGER) STRICT; INSERT INTO later VALUES (1);"
        return [*self.now, Migration(len(self.now) + 1, "9999_later", sql)]


def _reaching_loopback(settings: Settings) -> OutboundConfig:
    given = outbound_config(settings)
    return OutboundConfig(
        contact=given.contact,
        download_allow_loopback=given.download_allow_loopback,
        notifications=Reach.LAN_LOOPBACK,
    )


def main() -> None:
    """Alter, then do what was asked."""
    altered = os.environ["ALTERED"].split(",")
    if "hooks" in altered:
        service.outbound_config = _reaching_loopback
    if "upgrade" in altered:
        migrate.known_migrations = _Newer(migrate.known_migrations())
    cli.main(sys.argv[1:])


if __name__ == "__main__":
    main()
