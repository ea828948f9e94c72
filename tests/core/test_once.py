"""Questions asked once within a page, and every time outside of one."""

from portal.core.once import asked_once, once


def test_a_question_is_asked_once_within_a_block_and_forgotten_after_it():
    asked = []

    @once
    def ask(number: int, *, of: list[int]) -> int:
        asked.append((number, of))
        return number + len(of)

    with asked_once():
        assert ask(1, of=[1, 2]) == 3
        with asked_once():
            assert ask(1, of=[1, 2]) == 3
        assert ask(1, of=[1]) == 2
        assert ask(1, of=[1, 2]) == 3
    assert asked == [(1, [1, 2]), (1, [1])]

    ask(1, of=[1])
    ask(1, of=[1])
    assert len(asked) == 4
