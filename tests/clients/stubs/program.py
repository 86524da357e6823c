"""What is asked of a program with stubs of its own: it has called Create, Get, and a bad Create."""

from clients.toolchains import Json


def check_answers(answers: list[Json], name: str) -> None:
    read, refused = answers
    assert read == {"name": name, "cron": "* * * * ? *"}
    assert refused == {"code": 3, "fields": ["folder_id", "name", "rule"]}
