"""Policies in somebody else's training loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tamis import _tamis
from tamis._arrays import probabilities as rows_of
from tamis._arrays import sample_ids
from tamis._select import known


class Plan(NamedTuple):
    """The samples of an epoch."""

    #: Ids of the samples that train the weights, int64, ascending.
    weight_ids: npt.NDArray[np.int64]
    #: Ids of the samples that train the architecture, int64, ascending; none is in both.
    arch_ids: npt.NDArray[np.int64]
    #: A factor on the loss of each sample of ``weight_ids``, float32; ``None`` is 1 for all.
    loss_weights: npt.NDArray[np.float32] | None


class Policy:
    """A policy that chooses anew before every epoch, by what the network said in those before.

    ::

        policy = tamis.Policy("bdp", labels, epochs=50)
        for epoch in range(50):
            weight_ids, arch_ids, loss_weights = policy.plan(epoch)
            ...  # train; then, for each batch of ids:
            policy.observe(ids, logits.softmax(dim=1))

    Parameters
    ----------
    policy
        Such as ``"bdp"``, ``"dds:1000"``, ``"infobatch"`` or ``"random-epoch:0.1"``; policies that choose once work, too.
    labels
        One class a sample, numbers or names.
    epochs
        Epochs of the whole training, for policies with a schedule.
    seed
        Names every random draw.
    scores, embeddings, kind
        As of :func:`tamis.select`, for policies that need them.
    settings
        Other settings, such as ``{"policy.bdp.keep": 0.8, "policy.dds.rule": "always"}``.
    """

    def __init__(
        self,
        policy: str,
        labels: Any,
        *,
        epochs: int = 50,
        seed: int = 0,
        scores: Any = None,
        embeddings: Any = None,
        kind: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        chosen = {**(settings or {}), "policy.name": policy, "seed": seed, "train.epochs": epochs}
        self._policy = _tamis.Policy(chosen, **known(scores, labels, embeddings, kind))
        self._steps: int | None = None
        self._jumps = False

    def plan(self, epoch: int) -> Plan:
        """The samples of an epoch.

        Epochs are planned one after the other, from 0. The one planned last may be asked for again, and is the same.
        """
        weight, arch, loss_weights, self._steps, self._jumps = self._policy.plan(epoch)
        return Plan(weight, arch, loss_weights)

    def observe(self, ids: Any, probabilities: Any) -> None:
        """Take in what the network says of samples of the last plan.

        Parameters
        ----------
        ids
            Ids of the samples, as the plan has them.
        probabilities
            ``[sample, class]``: softmax outputs of the step that the samples took part in. Classes are in ascending
            order of their labels. No further forward pass is needed.
        """
        self._policy.observe(sample_ids(ids), rows_of(probabilities, "probabilities"))

    @property
    def steps(self) -> int | None:
        """Weight steps that the last plan asks for; ``None`` is one pass over its samples."""
        return self._steps

    @property
    def learning_rate_jumps(self) -> bool:
        """Whether the last plan asks the learning rate to go back to its peak."""
        return self._jumps

    @property
    def notes(self) -> list[str]:
        """What the policy had to tell of the last plan."""
        return self._policy.notes

    def state_dict(self) -> dict[str, Any]:
        """Everything that later plans depend on."""
        return {"policy": self._policy.state(), "steps": self._steps, "jumps": self._jumps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to what :meth:`state_dict` gave."""
        self._policy.restore(state["policy"])
        self._steps, self._jumps = state["steps"], state["jumps"]
