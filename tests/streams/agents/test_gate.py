from __future__ import annotations

import asyncio

from streams.agents.gate import Gate


def test_it_is_closed_and_idle_at_first():
    async def story():
        gate = Gate()
        assert not gate.is_open
        assert await gate.wait_idle(0.01)

    asyncio.run(story())


def test_waiting_for_idle_is_bounded():
    async def story():
        gate = Gate()
        with gate.work():
            assert not await gate.wait_idle(0.01)
        assert await gate.wait_idle(0.01)

    asyncio.run(story())


def test_idle_means_that_all_work_has_ended():
    async def story():
        gate = Gate()
        with gate.work():
            with gate.work():
                pass
            assert not await gate.wait_idle(0.01)

    asyncio.run(story())


def test_a_pause_ends_early_when_the_gate_closes():
    async def story():
        gate = Gate()
        gate.open()
        assert await gate.pause(0.001)
        asyncio.get_running_loop().call_later(0.01, gate.close)
        async with asyncio.timeout(5):
            assert not await gate.pause(60)

    asyncio.run(story())
