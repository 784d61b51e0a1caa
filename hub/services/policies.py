"""The life of policies: import, approve, activate, go back; every step is a fact with its actor.

Activation is one short transaction that has the policy to itself: whoever resolves, applies or
decides holds it, so what they commit was made by one policy and is seen by the sweep that follows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from golden_records.domain.catalogue import IdentityMode, Phase
from golden_records.domain.policy import (
    SHORT,
    PolicyFact,
    PolicyState,
    PolicyStepRefused,
    PolicyUnknown,
    Standing,
    check_activation,
    check_approval,
    check_base,
    check_reported,
    check_rollback,
)
from golden_records.domain.policy_difference import compare, touched
from golden_records.ports import Sweep
from hub.services.resolving.by_matching import match_spec
from matchers import MatchModel, ModelMismatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from golden_records.domain.catalogue import Catalogue, Entity
    from golden_records.domain.clock import Clock
    from golden_records.domain.policy_difference import Change, Touched
    from golden_records.ports import UnitOfWork


class Reader(Protocol):
    """Build a catalogue from its files; CatalogueBroken with every problem."""

    def __call__(self, files: Mapping[str, str], /) -> Catalogue: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Who does it, and why."""

    actor: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activated:
    """What an activation begins: what it touches, and the lanes that wait for it."""

    version: str
    before: str | None
    touched: Touched
    sweeps: Sequence[Sweep]


class Policies:
    """The service of policies."""

    def __init__(self, work: Callable[[], UnitOfWork], clock: Clock, read: Reader) -> None:
        self._work = work
        self._clock = clock
        self._read = read

    # --- looking ---

    def active(self) -> str | None:
        with self._work() as work:
            return work.policies.active()

    def standings(self) -> list[Standing]:
        """Return every version with its steps, the newest import last."""
        with self._work() as work:
            active, facts = work.policies.active(), work.policies.facts()
        found: dict[str, list[PolicyFact]] = {}
        for fact in facts:
            found.setdefault(fact.version, []).append(fact)
        return [Standing(version=v, facts=f, active=active) for v, f in found.items()]

    def standing(self, name: str) -> Standing:
        with self._work() as work:
            return _standing(work, name)

    def files(self, name: str) -> Mapping[str, str]:
        """Return the files of a version; its first letters are enough to name it."""
        with self._work() as work:
            return _files(work, name)

    def catalogue(self, name: str) -> Catalogue:
        return self._read(self.files(name))

    # --- steps ---

    def draft(self, catalogue: Catalogue, base: str | None, word: Word) -> str:
        """Store a bundle that was made from the active version."""
        with self._work() as work:
            active = work.policies.take()
            check_base(base, active)
            if active is not None and active != catalogue.version:
                check_kept(self._read(_files(work, active)), catalogue)
            if catalogue.version in work.policies.states():
                return catalogue.version
            work.policies.add(catalogue.version, catalogue.name, catalogue.files)
            work.policies.note([self._fact(catalogue.version, PolicyState.DRAFT, word, active)])
            work.commit()
        return catalogue.version

    def validated(self, version: str, word: Word) -> None:
        """Note that the bundle can be loaded on this hub's mirrors."""
        self._note(version, PolicyState.VALIDATED, word, {})

    def simulated(self, version: str, word: Word, figures: Mapping[str, object]) -> None:
        """Note what a simulation against the active policy found."""
        self._note(version, PolicyState.SIMULATED, word, figures)

    def approve(self, name: str, word: Word) -> str:
        """Approve a version for the policy that is active now."""
        with self._work() as work:
            active = work.policies.take()
            standing = _standing(work, name)
            four_eyes = self._read(_files(work, standing.version)).four_eyes or (
                active is not None and self._read(_files(work, active)).four_eyes
            )
            check_approval(standing, word.actor, four_eyes=four_eyes)
            if active is not None:
                pair = (self._read(_files(work, v)) for v in (active, standing.version))
                check_matching(work, active, tuple(pair))
            fact = self._fact(standing.version, PolicyState.APPROVED, word, active)
            work.policies.note([fact])
            work.commit()
        return standing.version

    def schedule(self, name: str, at: str, word: Word) -> str:
        """Let a worker activate the version at that instant, if nothing else is active by then."""
        with self._work() as work:
            work.policies.take()
            standing = _standing(work, name)
            check_activation(standing)
            fact = self._fact(standing.version, PolicyState.SCHEDULED, word, standing.active)
            work.policies.note([replace(fact, figures={"at": at})])
            work.commit()
        return standing.version

    def activate(self, name: str, word: Word, *, back: bool = False) -> Activated:
        """Make a version the active one; `back` = one that was active before, with no approval."""
        with self._work() as work:
            work.policies.take()
            standing = _standing(work, name)
            (check_rollback if back else check_activation)(standing)
            activated = self._switch(work, self._read(_files(work, standing.version)), word)
            work.commit()
        return activated

    def take_into_use(self, catalogue: Catalogue, word: Word) -> Activated:
        """Make the catalogue that `mdhub connect` was given the active one; the first is free."""
        with self._work() as work:
            active = work.policies.take()
            if active == catalogue.version:
                return Activated(
                    version=active, before=active, touched=touched(catalogue, catalogue, ()),
                    sweeps=(),
                )  # fmt: skip
            if active is not None:
                self._check_connecting(work, active, catalogue)
            work.policies.add(catalogue.version, catalogue.name, catalogue.files)
            activated = self._switch(work, catalogue, word)
            work.commit()
        return activated

    def _check_connecting(self, work: UnitOfWork, active: str, catalogue: Catalogue) -> None:
        before = self._read(_files(work, active))
        check_kept(before, catalogue)
        if before.four_eyes and catalogue.version not in work.policies.states():
            message = (
                "the active policy asks for four eyes, and nobody approved this folder: run"
                " `mdhub policy import`, `mdhub simulate` and `mdhub policy approve` first"
            )
            raise PolicyStepRefused(message, version=catalogue.version)
        if before.four_eyes:
            check_activation(_standing(work, catalogue.version))
        check_matching(work, active, (before, catalogue))

    def _switch(self, work: UnitOfWork, new: Catalogue, word: Word) -> Activated:
        active = work.policies.active()
        old = None if active is None else self._read(_files(work, active))
        changes = () if old is None else compare(old, new)
        found = touched(old or new, new, changes)
        _pin_models(work, new, found)
        _begin_loading(work, new, found)
        sweeps = () if old is None else sweeps_of(found, changes)
        work.policies.switch(new.version)
        ended = [] if active is None else [self._fact(active, PolicyState.SUPERSEDED, word, None)]
        begun = self._fact(new.version, PolicyState.ACTIVE, word, active)
        work.policies.note([*ended, begun])
        work.policies.begin_sweeps(new.version, sweeps)
        work.policies.wait_lanes(new.version, sorted(found.lanes) if sweeps else ())
        return Activated(version=new.version, before=active, touched=found, sweeps=sweeps)

    def _note(
        self, name: str, state: PolicyState, word: Word, figures: Mapping[str, object]
    ) -> None:
        with self._work() as work:
            active = work.policies.take()
            standing = _standing(work, name)
            if standing.state is not PolicyState.ACTIVE:
                fact = self._fact(standing.version, state, word, active)
                work.policies.note([replace(fact, figures=figures)])
                work.commit()

    def _fact(self, version: str, state: PolicyState, word: Word, base: str | None) -> PolicyFact:
        return PolicyFact(
            version=version,
            state=state,
            actor=word.actor,
            reason=word.reason,
            base=base,
            at=self._clock.now(),
        )


def _standing(work: UnitOfWork, name: str) -> Standing:
    version = _version(work, name)
    return Standing(
        version=version, facts=work.policies.facts(version), active=work.policies.active()
    )


def _version(work: UnitOfWork, name: str) -> str:
    if name == "active":
        version = work.policies.active()
        found = [] if version is None else [version]
    else:
        found = work.policies.versions(name)
    if len(found) != 1:
        what = "names several policies; give more letters" if found else "names no policy"
        raise PolicyUnknown(f"{name} {what}; see `mdhub policy list`", name=name)
    return found[0]


def _files(work: UnitOfWork, name: str) -> Mapping[str, str]:
    return work.policies.files(_version(work, name)) or {}


def check_matching(work: UnitOfWork, active: str, pair: tuple[Catalogue, ...]) -> None:
    """Refuse to match what has records otherwise without a report, against the active policy."""
    old, new = pair
    records = work.matching.population()
    changed = touched(old, new, compare(old, new)).matching
    standing = Standing(version=new.version, facts=(), active=active)
    report = work.policies.last_report(new.version)
    check_reported(standing, report, sorted(name for name in changed if records.get(name)))


def check_kept(old: Catalogue, new: Catalogue) -> None:
    """Refuse a bundle that lacks what has records: they would stay without any rule."""
    gone = [f"entity {name}" for name in old.entities if name not in new.entities]
    gone += [
        f"mapping {mapping.system}/{mapping.entity}"
        for mapping in old.mappings
        if (mapping.system, mapping.entity) not in {(m.system, m.entity) for m in new.mappings}
    ]
    gone += [
        f"way of identity of {name}"
        for name, entity in old.entities.items()
        if name in new.entities and new.entities[name].identity.mode is not entity.identity.mode
    ]
    if gone:
        message = (
            f"a hub with records cannot change this by a policy: {', '.join(gone)}; put it back,"
            " or begin a new hub"
        )
        raise PolicyStepRefused(message)


def sweeps_of(found: Touched, changes: Sequence[Change]) -> tuple[Sweep, ...]:
    """Return what has to be looked at again; a pair whose tables changed waits for `mdhub load`."""
    again = found.values | found.rekeyed
    fresh = {change.name.partition(".")[0] for change in changes if change.part == "table"}
    return (
        *(Sweep(kind="records", entity=name) for name in sorted(found.values)),
        *(Sweep(kind="identity", entity=name) for name in sorted(found.rekeyed)),
        *(Sweep(kind="keys", entity=name) for name in sorted(found.matching)),
        *(Sweep(kind="goldens", entity=name) for name in found.entities if name not in again),
        *(Sweep(kind="waiting", entity=name) for name in sorted(found.existence - again)),
        *(
            Sweep(kind="mapping", system=system, entity=entity)
            for system, entity in sorted(found.mappings)
            if system not in fresh
        ),
    )


def _begin_loading(work: UnitOfWork, new: Catalogue, found: Touched) -> None:
    known = work.registry.phases()
    for mapping in new.mappings:
        pair = (mapping.system, mapping.entity)
        if pair in found.mappings or pair not in known:
            work.registry.set_phase(*pair, Phase.LOADING)


def _pin_models(work: UnitOfWork, new: Catalogue, found: Touched) -> None:
    """Activate the models that the bundle brings; retire one that does not fit the fields."""
    for entity in new.entities.values():
        if entity.identity.mode is not IdentityMode.MATCHING:
            continue
        body = new.models.get(entity.name)
        if body is not None:
            model = MatchModel.from_json(body)
            work.registry.activate_model(entity.name, model.version, model.to_json())
        elif entity.name in found.matching and not fits(entity, work.registry.model(entity.name)):
            work.registry.retire_model(entity.name)


def fits(entity: Entity, body: str | None) -> bool:
    """Tell whether a stored model was made for the entity's fields; none at all always fits."""
    if body is None:
        return True
    try:
        MatchModel.from_json(body).fits(match_spec(entity))
    except ModelMismatchError:
        return False
    return True


def shown(version: str | None) -> str:
    """Return a version as it is shown."""
    return "" if version is None else version[:SHORT]
