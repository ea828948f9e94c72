"""Grants that somebody should look at: used without a word, and approved and never used."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random

from portal.home.demo.callbacks import HOOK
from portal.home.demo.scene import Scene
from portal.home.demo.stories.cases import Story, case_of, refund_body

UNUSED_SECONDS = 2 * 60 * 60


def silent_story(chance: Random, *, price: str) -> Story:
    """Give a run whose agent used its grant and was not heard of since."""
    return _story(chance, price=price, is_used=True)


def unused_story(chance: Random, *, price: str) -> Story:
    """Give a run whose approval the agent let run out."""
    return _story(chance, price=price, is_used=False)


def _story(chance: Random, *, price: str, is_used: bool) -> Story:
    case = case_of(chance, is_small=False)
    case.price = case.amount = Decimal(price)
    case.confidence = 0.93

    def play(scene: Scene) -> Iterator[float]:
        scene.start(f"{case.customer} wrote about order {case.order}.")
        yield 4
        asked = scene.ask(refund_body(case, callback=HOOK))
        if asked.proposal is not None:
            yield 95
            scene.approve(asked, "dana")
            yield 75
        grant = scene.grant_of(asked)
        if is_used:
            scene.redeem(asked)
        scene.flush()
        if grant is not None and not is_used:
            yield UNUSED_SECONDS
            scene.let_run_out(grant)

    return play
