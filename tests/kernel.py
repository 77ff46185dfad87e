"""An event loop as a kernel or a page has one, for what trains while others wait."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

SECONDS = 120


def in_a_kernel(work):
    """Run a coroutine function in a thread with an event loop.

    The loop of this thread may be Playwright's, if a browser test ran before.
    """
    return in_a_thread(lambda: asyncio.run(work()))


def in_a_thread(work):
    """Call a function where there is no event loop; return what it returns."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(timeout=SECONDS)


async def after_turns(n):
    """Give control to the training that many times."""
    for _ in range(n):
        await asyncio.sleep(0)
