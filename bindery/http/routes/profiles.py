"""Quality and metadata profiles, to read (catalogue.md 1.8, 2.8)."""

from __future__ import annotations

from quart import Blueprint, Response

from bindery.domain.moments import iso
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.wire.configuration import MetadataProfile, ProfileQuality, QualityProfile
from bindery.http.call import Call
from bindery.http.etag import conditional
from bindery.http.route import Answer, route
from bindery.operations.authors import STANDARD_PROFILE
from bindery.operations.settings import LANGUAGES, UNKNOWN_LANGUAGE, find_setting
from bindery.store import profiles
from bindery.store.profiles import ProfileRow
from bindery.store.tx import Reader

blueprint = Blueprint("profile", __name__)


@route(blueprint, "GET", "/api/v1/qualityprofile", returns=list[QualityProfile])
async def list_quality(call: Call) -> Answer | Response:
    """Quality profiles."""
    return conditional(
        call, ("config",), lambda r: [shown(row) for row in profiles.list_profiles(r)]
    )


@route(blueprint, "GET", "/api/v1/qualityprofile/<id:profile_id>", returns=QualityProfile)
async def get_quality(call: Call, profile_id: int) -> Answer | Response:
    """One quality profile."""

    def read(reader: Reader) -> QualityProfile | Refusal:
        row = profiles.find_profile(reader, profile_id)
        return refuse(Code.NOT_FOUND) if row is None else shown(row)

    return conditional(call, ("config",), read)


@route(blueprint, "GET", "/api/v1/metadataprofile", returns=list[MetadataProfile])
async def list_metadata(call: Call) -> Answer | Response:
    """The one metadata profile, as the settings have it."""
    return conditional(call, ("config",), lambda reader: [_standard(call, reader)])


@route(blueprint, "GET", "/api/v1/metadataprofile/<id:profile_id>", returns=MetadataProfile)
async def get_metadata(call: Call, profile_id: int) -> Answer | Response:
    """One metadata profile."""

    def read(reader: Reader) -> MetadataProfile | Refusal:
        if profile_id != STANDARD_PROFILE:
            return refuse(Code.NOT_FOUND)
        return _standard(call, reader)

    return conditional(call, ("config",), read)


def shown(row: ProfileRow) -> QualityProfile:
    """One profile for the wire."""
    return QualityProfile(
        id=row.id,
        name=row.name,
        upgrade_allowed=row.upgrade_allowed,
        cutoff=row.cutoff,
        items=[ProfileQuality(quality=one.quality, allowed=one.allowed) for one in row.items],
        created_at=iso(row.created_at),
    )


def _standard(call: Call, reader: Reader) -> MetadataProfile:
    def value(key: str) -> str:
        found = find_setting(reader, call.principal, key)
        return "" if isinstance(found, Refusal) else found.value

    return MetadataProfile(
        id=STANDARD_PROFILE,
        name="Standard",
        allowed_languages=value(LANGUAGES),
        unknown_language_behavior=value(UNKNOWN_LANGUAGE),
        created_at=iso(0),
    )
