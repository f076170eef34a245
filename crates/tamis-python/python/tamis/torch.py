"""A policy as a sampler of PyTorch's loaders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from tamis._policy import Policy

Level = Literal["weight", "arch", "both"]


class PolicySampler(torch.utils.data.Sampler[int]):
    """Gives the ids of a policy's plan, shuffled anew each epoch.

    ::

        sampler = PolicySampler(tamis.Policy("infobatch", labels, epochs=20), level="both")
        loader = DataLoader(dataset, batch_size=64, sampler=sampler)
        for epoch in range(20):
            sampler.set_epoch(epoch)
            for images, labels, ids in loader:
                ...
                sampler.observe(ids, logits)

    Parameters
    ----------
    policy
        What chooses. Several samplers may share one: they see the same plan.
    level
        Whose samples: ``"weight"`` or ``"arch"``, or ``"both"`` where there is one level alone.
    seed
        Names the order in each epoch.
    """

    def __init__(self, policy: Policy, level: Level = "weight", *, seed: int = 0) -> None:
        super().__init__()
        self.policy, self.level, self.seed = policy, level, seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Plan an epoch; epochs follow on each other, from 0."""
        self.epoch = epoch
        self._plan = self.policy.plan(epoch)
        self._ids = self._of_level()

    def _of_level(self) -> npt.NDArray[np.int64]:
        weight, arch = self._plan.weight_ids, self._plan.arch_ids
        if self.level == "both":
            return np.union1d(weight, arch)
        return weight if self.level == "weight" else arch

    def loss_weights(self, ids: torch.Tensor) -> torch.Tensor:
        """The factor on the loss of each of these samples, float32: 1 where the policy asks for none."""
        factors = self._plan.loss_weights
        if factors is None:
            return torch.ones(len(ids), device=ids.device)
        wanted = ids.detach().cpu().numpy()
        places = np.searchsorted(self._plan.weight_ids, wanted).clip(max=max(len(self._plan.weight_ids) - 1, 0))
        known = self._plan.weight_ids[places] == wanted
        return torch.from_numpy(np.where(known, factors[places], np.float32(1.0))).to(ids.device)

    def observe(self, ids: torch.Tensor, logits: torch.Tensor) -> None:
        """Tell the policy what the network said of these samples."""
        self.policy.observe(ids.detach().cpu(), logits.detach().double().softmax(dim=1).cpu())

    def __iter__(self) -> Iterator[int]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self._ids))
        return iter(self._ids[order].tolist())

    def __len__(self) -> int:
        return len(self._ids)

    def state_dict(self) -> dict[str, Any]:
        """Where the sampler and its policy stand."""
        return {"epoch": self.epoch, "policy": self.policy.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to what :meth:`state_dict` gave, in the middle of its epoch."""
        self.policy.load_state_dict(state["policy"])
        self.set_epoch(state["epoch"])
