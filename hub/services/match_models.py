"""The models in force: one an entity, each a version that is kept, and none beside a policy's own.

A record's keys depend on the frequencies of the model, so whoever brings a model into force also
begins a sweep that writes the keys of what is stored anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_records.domain.errors import TerminalError
from golden_records.ports import Sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from golden_records.domain.catalogue import Catalogue
    from golden_records.ports import UnitOfWork
    from matchers import MatchModel

KEYS = "keys"


class ModelPinned(TerminalError):
    """The active policy holds the model of this entity; a new one is a new policy."""


class MatchModels:
    """Brings models into force."""

    def __init__(self, work: Callable[[], UnitOfWork], catalogue: Catalogue) -> None:
        self._work = work
        self._catalogue = catalogue

    def check_free(self, entity: str) -> None:
        """Raise ModelPinned where the entity's model is part of the policy."""
        if entity in self._catalogue.models:
            message = (
                f"the active policy holds the model of {entity}: a new one is a new policy. Write"
                " it into an exported policy with `--out FOLDER`, then `mdhub policy import FOLDER`"
            )
            raise ModelPinned(message, entity=entity)

    def activate(self, entity: str, model: MatchModel) -> bool:
        """Bring a model into force at once; False where it was in force already.

        Transactions under the old model are waited for, so that the sweep sees what they wrote.
        """
        self.check_free(entity)
        with self._work() as work:
            policy = work.policies.take()
            if work.registry.model_version(entity) == model.version:
                return False
            work.registry.activate_model(entity, model.version, model.to_json())
            if policy is not None and work.matching.population().get(entity):
                work.policies.begin_sweeps(policy, [Sweep(kind=KEYS, entity=entity)])
            work.commit()
        return True
