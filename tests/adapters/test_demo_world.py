"""Every adapter against the demo world: the two were written apart and must agree."""

from pathlib import Path

import trio

from bindery.adapters.configs import DirectConfig, NewznabConfig, OpdsConfig, OpenLibraryConfig
from bindery.adapters.outbound import Outbound
from bindery.adapters.protocols import Running
from bindery.adapters.registry import open_client, open_indexer, open_provider
from bindery.demo.world import open_world
from bindery.domain.offers import IndexerQuery, Transport
from bindery.domain.transfers import AddOptions, RemoteState


async def test_metadata(outbound: Outbound) -> None:
    with trio.fail_after(20):
        async with open_world() as world:
            config = OpenLibraryConfig(
                base_url=world.openlibrary_url, covers_url=world.openlibrary_url
            )
            work = world.works[0]
            async with open_provider(config, outbound) as provider:
                people = await provider.search_people(work.author.name)
                assert people[0].ref == work.author.id
                page = await provider.works(people[0].ref)
                found = next(one for one in page.works if one.ref == work.id)
                assert (found.title, found.language) == (work.title, work.language)
                assert found.cover is not None
                assert found.cover.url.startswith(world.openlibrary_url)
                full = await provider.work(work.id)
                assert full is not None
                assert full.authors[0].name == work.author.name
                by_isbn = await provider.by_isbn(work.isbn)
                assert by_isbn is not None
                assert by_isbn.ref == work.id
                editions = await provider.editions(work.id)
                assert any(edition.isbn13 == work.isbn for edition in editions)


async def test_indexers(outbound: Outbound) -> None:
    with trio.fail_after(20):
        async with open_world() as world:
            work = world.works[0]
            query = IndexerQuery(mode="search", text=work.title, categories=(7020,))
            torznab = NewznabConfig(url=world.torznab_url, api_key=world.api_key, flavour="torznab")
            async with open_indexer(torznab, outbound) as indexer:
                assert (await indexer.caps()).book_search
                releases = (await indexer.search(query)).releases
                assert all(release.transport is Transport.TORRENT for release in releases)
                assert releases[0].seeders is not None
                payload = await indexer.fetch(releases[0].link)
                assert payload.kind == "torrent"
                assert payload.info_hash_v1 == (releases[0].info_hash or payload.info_hash_v1)
                assert world.api_key not in repr(releases)
            newznab = NewznabConfig(url=world.newznab_url, api_key=world.api_key)
            async with open_indexer(newznab, outbound) as indexer:
                releases = (await indexer.search(query)).releases
                assert releases[0].transport is Transport.USENET
                assert (await indexer.fetch(releases[0].link)).kind == "nzb"


async def test_a_catalogue_and_the_built_in_client(tmp_path: Path, outbound: Outbound) -> None:
    with trio.fail_after(20):
        async with open_world() as world:
            work = world.works[0]
            (expected,) = world.files(work).values()
            async with open_indexer(OpdsConfig(url=world.opds_url), outbound) as indexer:
                assert (await indexer.caps()).search
                answer = await indexer.search(IndexerQuery(mode="opds", text=work.title))
                release = next(one for one in answer.releases if one.book_title == work.title)
                assert (release.author, release.size) == (work.author.name, len(expected))
                payload = await indexer.fetch(release.link)
            config = DirectConfig(download_dir=str(tmp_path), trusted_urls=(world.opds_url,))
            async with open_client(config, outbound) as client, trio.open_nursery() as nursery:
                assert isinstance(client, Running)
                nursery.start_soon(client.run)
                await client.add(payload, AddOptions(token="t", title=release.title))
                item = (await client.snapshot()).items[0]
                while item.state is not RemoteState.COMPLETE:
                    item = (await client.snapshot()).items[0]
                    await trio.sleep(0.01)
                nursery.cancel_scope.cancel(reason="the test is done")
            assert await trio.Path(item.path).read_bytes() == expected
