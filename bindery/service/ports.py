"""The ports through which requests ask the outside (architecture.md 6, Asking)."""

from bindery.actors.metadata import CoverPort, LookupPort
from bindery.actors.notifier import TargetsPort
from bindery.actors.prober import ProberPort
from bindery.actors.roots import RootPort
from bindery.operations.ports import Ports
from bindery.service.actors import Parts


def make_ports(parts: Parts) -> Ports:
    """Every port over its actor's mailbox; to be made after the actors were started."""
    mailbox, settings = parts.supervisor.mailbox, parts.settings
    metadata = mailbox("metadata")
    return Ports(
        lookup=LookupPort(metadata),
        covers=CoverPort(metadata, parts.store, parts.covers),
        roots=RootPort(parts.threads, (settings.data_dir, settings.download_dir)),
        prober=ProberPort(mailbox("prober")),
        targets=TargetsPort(mailbox("notifier")),
    )
