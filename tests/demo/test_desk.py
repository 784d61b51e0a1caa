"""People at several desks who change the same rows: nobody loses what he did."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from demo.databases import Desk

pytestmark = [pytest.mark.stack, pytest.mark.enable_socket, pytest.mark.timeout(180)]

MORE = "UPDATE counted SET n = n + 1 WHERE id = %s"


@pytest.mark.parametrize("system", ["erp", "commerce"])
def test_two_who_wait_for_each_other_both_do_their_work(servers, desk, system):
    with desk.transaction(system) as cursor:
        cursor.execute("CREATE TABLE counted (id integer PRIMARY KEY, n integer NOT NULL)")
        cursor.execute("INSERT INTO counted VALUES (1, 0), (2, 0)")
    both_hold_one = threading.Barrier(2)
    tries = []

    def change(first, second):
        again = []

        def work(cursor):
            tries.append(first)
            cursor.execute(MORE, (first,))
            if not again:
                again.append(True)
                both_hold_one.wait(20)
            cursor.execute(MORE, (second,))

        own = Desk(servers)
        try:
            own.attempt(system, work)
        finally:
            own.close()

    with ThreadPoolExecutor(2) as people:
        list(people.map(change, (1, 2), (2, 1)))
    assert len(tries) == 3
    assert [tuple(row) for row in desk.read(system, "SELECT id, n FROM counted ORDER BY id")] == [
        (1, 2),
        (2, 2),
    ]


def test_any_other_error_is_not_tried_again(desk):
    tries = []

    def work(cursor):
        tries.append(1)
        cursor.execute("SELECT no_such_column FROM party")

    with pytest.raises(Exception, match="no_such_column"):
        desk.attempt("erp", work)
    assert len(tries) == 1
