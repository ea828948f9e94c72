"""Content publishing: nothing becomes public before an editor has read it."""

from collections.abc import Iterator
from random import Random
from typing import Any

from portal.home.demo.scene import Scene
from portal.home.demo.stories.cases import Story

ARTICLES = (
    ("how-to", "How to hang a pendant lamp over a table", "BR-118"),
    ("product-news", "The Brisa floor lamp now comes in moss green", "BR-121"),
    ("customer-story", "A reading corner in four square metres", "BR-125"),
    ("event", "Workshop: mend your own lampshade", "BR-127"),
    ("how-to", "Which bulb for which room", "BR-130"),
    ("product-news", "Otto, the side table that folds", "BR-133"),
)
CHECKS = ("accessibility", "search preview", "brand wording")


def story(number: int, chance: Random) -> Story:
    """Pick what happens to one article."""
    chosen = {7: _claim, 3: _corrected}.get(number)
    if chosen is None:
        chosen = chance.choices((_published, _sent_back), weights=(78, 22))[0]
    article = ARTICLES[number % len(ARTICLES)]
    return lambda scene: chosen(scene, chance, article)


def after_pause(scene: Scene) -> Iterator[float]:
    """Ask once more after the pause, and hear no."""
    article = ARTICLES[1]
    yield from _writing(scene, article)
    scene.ask(_page(article))
    scene.finish("Not published: the workflow is paused.", status="stopped")


def _writing(scene: Scene, article: tuple[str, str, str]) -> Iterator[float]:
    _, title, brief = article
    scene.start(f"Brief {brief}: {title}.")
    yield 4
    scene.tool("read_brief", "briefs", {"brief": brief}, result={"words": 450})
    scene.read("briefs", f"brief {brief}", "audience", "points", "sources")
    scene.read(
        "product-catalogue", "products of the brief", "name", "power", "material"
    )
    yield 60
    scene.model("gpt-5", 5200, 1400, "0.064")
    scene.tool("write_draft", "content-system", {"brief": brief}, result="draft 1")
    yield 20
    scene.tool("run_checks", "content-system", {"brief": brief}, result="3 of 3")
    yield 5


def _page(article: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    category, title, brief = article
    slug = title.lower().replace(" ", "-").replace(",", "")[:48]
    return {
        "action": {
            "verb": "publish",
            "system": "content-system",
            "resource": {"type": "page", "id": f"/journal/{slug}"},
            "args": {"page": f"/journal/{slug}", "brief": brief, "title": title},
        },
        "title": f"Publish “{title}”",
        "description": "450 words, two pictures with descriptions.",
        "evidence": [
            {
                "label": f"Brief {brief}",
                "source": "briefs",
                "excerpt": f"{title}. Audience: people who rent.",
            },  # fmt: skip
            {
                "label": "Catalogue",
                "source": "product-catalogue",
                "excerpt": "Power, size and material as written.",
            },  # fmt: skip
        ],
        "before": {"state": "draft"},
        "after": {"state": "public"},
        "confidence": 0.9,
        "category": category,
        "checks": [{"name": name, "status": "pass"} for name in CHECKS],
        **more,
    }


def _public(scene: Scene, asked, title: str) -> Iterator[float]:
    if scene.redeem(asked):
        yield 3
        scene.report(
            asked,
            changes=[
                {
                    "system": "content-system",
                    "resource": title,
                    "field": "state",
                    "before": "draft",
                    "after": "public",
                }
            ],  # fmt: skip
        )
    scene.finish(f"“{title}” is public.")


def _published(scene: Scene, chance: Random, article) -> Iterator[float]:
    yield from _writing(scene, article)
    asked = scene.ask(_page(article))
    yield chance.uniform(900, 9000)
    scene.look(asked, "paul", (0,))
    yield chance.uniform(120, 600)
    if asked.proposal is None:
        return
    scene.approve(asked, "paul")
    yield 13
    yield from _public(scene, asked, article[1])


def _sent_back(scene: Scene, chance: Random, article) -> Iterator[float]:
    yield from _writing(scene, article)
    asked = scene.ask(_page(article))
    yield chance.uniform(900, 5000)
    scene.respond(asked, "paul", "Too many adjectives in the first paragraph. Write it again, shorter.")  # fmt: skip
    yield 30
    scene.finish("Sent back by the editor.")


def _corrected(scene: Scene, chance: Random, article) -> Iterator[float]:
    yield from _writing(scene, article)
    asked = scene.ask(_page(article))
    yield 2000
    shorter = article[1].split(",")[0]
    scene.edit(asked, "paul", {"title": f"{shorter}, in short"}, "A title that fits on a phone.")  # fmt: skip
    yield 13
    yield from _public(scene, asked, shorter)


def _claim(scene: Scene, chance: Random, article) -> Iterator[float]:
    yield from _writing(scene, article)
    body = _page(article)
    body["description"] += " We guarantee that it lasts for thirty years."
    asked = scene.ask(body)
    yield 5000
    scene.approve(asked, "helen", "The sentence is in the page; the guarantee covers it, I think.")  # fmt: skip
    yield 13
    yield from _public(scene, asked, article[1])
