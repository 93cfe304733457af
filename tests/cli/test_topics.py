"""`chx help TOPIC`: pages of the manual, and error codes."""

from __future__ import annotations

from chx.cli import main
from chx.cli.topics import topics


def test_a_topic_is_printed_without_comments_and_links(capsys) -> None:
    assert main(["help", "locks"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# Locks\n") and "](" not in text
    assert main(["help", "pin-a-project"]) == 0
    assert "<!--" not in capsys.readouterr().out


def test_every_topic_is_listed_with_its_title(capsys) -> None:
    assert main(["help", "topics"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(topics())
    assert all(len(line.split()) > 1 for line in lines)


def test_a_code_is_explained_however_it_is_written(capsys) -> None:
    for code in ("B003", "b003"):
        assert main(["help", code]) == 0
        said = "B003: The builder succeeded without making an output.\nMake the install phase write to `$out`"
        assert capsys.readouterr().out.startswith(said)


def test_the_help_of_a_command_is_still_that_of_its_parser(capsys) -> None:
    assert main(["help", "gc"]) == 0
    assert capsys.readouterr().out.startswith("usage: chx gc ")


def test_an_unknown_topic_is_an_error_of_usage_with_a_guess(capsys) -> None:
    assert main(["help", "lokcs"]) == 2
    assert capsys.readouterr().err == "chx: there is no topic 'lokcs'; did you mean `chx help locks`?\n"
    assert main(["help", "Z999"]) == 2
    assert capsys.readouterr().err == "chx: there is no topic 'Z999'; `chx help topics` lists them\n"
