"""The same Idempotency-Key gets the same answer, and the work is done once."""

from pathlib import Path

from bindery.domain.refusal import Code, Refusal, refuse
from bindery.operations.once import Once, Replay, perform
from bindery.store.tx import Reader, Tx
from tests.kit.database import open_test_store


def _once(content: bytes = b"first", principal: str = "user:1") -> Once:
    def render(_reader: Reader, value: int) -> object:
        return {"id": value}

    return Once(key="k-1", principal=principal, hash=content, status=201, render=render)


def _add(tx: Tx) -> int:
    return tx.enqueue("work", {}, key=str(tx.value("SELECT count(*) FROM command")))


async def test_repeat_gets_the_first_answer_and_does_nothing(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        first = await perform(store, _add, _once())
        second = await perform(store, _add, _once())
        count = store.read(lambda reader: reader.value("SELECT count(*) FROM command"))
    assert first == 1
    assert second == Replay(201, b'{"id":1}')
    assert count == 1


async def test_key_with_another_request_is_refused(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        await perform(store, _add, _once(b"first"))
        answer = await perform(store, _add, _once(b"other"))
        count = store.read(lambda reader: reader.value("SELECT count(*) FROM command"))
    assert isinstance(answer, Refusal)
    assert answer.code is Code.IDEMPOTENCY_MISMATCH
    assert count == 1


async def test_keys_of_two_callers_do_not_meet(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        await perform(store, _add, _once(principal="user:1"))
        assert await perform(store, _add, _once(principal="user:2")) == 2


async def test_refusal_is_not_kept(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        refused = await perform(store, lambda _tx: refuse(Code.CONFLICT), _once())
        assert isinstance(refused, Refusal)
        assert await perform(store, _add, _once()) == 1


async def test_without_a_key_every_request_acts(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        assert await perform(store, _add) == 1
        assert await perform(store, _add) == 2
