"""What the matchers refuse to do."""

from __future__ import annotations


class MatcherError(Exception):
    """The matcher could not do what was asked."""

    def __init__(self, message: str | None = None, /, **facts: object) -> None:
        """Keep the facts beside the sentence; the class's docstring is the default sentence."""
        self.facts = facts
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])


class SpecError(MatcherError):
    """The matching specification contradicts itself; correct the field it names."""


class ModelMismatchError(MatcherError):
    """The model was made for other fields; train it again for this specification."""
