"""`mdhub case undo | approve | reject`: take a decision back; a second person's word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import click

from hub.bootstrap import operating
from hub.cli.identity import asked, carry_out
from hub.cli.opened import pass_hub
from hub.cli.output import emit, json_option
from hub.cli.spelling import account
from hub.services.cases import Word

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub
    from hub.cli.identity import Asked
    from hub.services.approving import Verdict

signed = (
    click.option("--reason", required=True, help="Why."),
    click.option("--actor", default=account, help="Who says so.  [default: this account]"),
)


@click.command()
@click.argument("case_id", type=int)
@asked
@pass_hub
def undo(hub: Hub, case_id: int, **said: Unpack[Asked]) -> None:
    """Take back what a case was decided to be, while nothing later builds on it."""
    service = operating.undoing(hub)
    carry_out(lambda terms: service.case(case_id, terms), said)


@click.command()
@click.argument("case_id", type=int)
@signed[0]
@signed[1]
@json_option
@pass_hub
def approve(hub: Hub, case_id: int, reason: str, actor: str, *, as_json: bool) -> None:
    """Agree to a proposal, which is then carried out; its author cannot.

    Refused where what the author saw has changed since.
    """
    word = Word(actor=actor, reason=reason)
    _said(operating.approvals(hub).approve(case_id, word), as_json=as_json)


@click.command()
@click.argument("case_id", type=int)
@signed[0]
@signed[1]
@json_option
@pass_hub
def reject(hub: Hub, case_id: int, reason: str, actor: str, *, as_json: bool) -> None:
    """Refuse a proposal; nothing of it is done."""
    word = Word(actor=actor, reason=reason)
    _said(operating.approvals(hub).reject(case_id, word), as_json=as_json)


APPROVAL_COMMANDS = (undo, approve, reject)


def _said(verdict: Verdict, *, as_json: bool) -> None:
    if as_json:
        emit(verdict)
        return
    click.echo(f"case {verdict.case}: {verdict.resolution}")
    if verdict.txn is not None:
        click.echo(f"done: transaction {verdict.txn}, decision {verdict.decision}")
