"""Policies as samplers of PyTorch's loaders."""

from __future__ import annotations

import numpy as np
import pytest

import tamis

torch = pytest.importorskip("torch")
from torch.utils.data import DataLoader, TensorDataset  # noqa: E402

from tamis.torch import PolicySampler  # noqa: E402

LABELS = np.arange(120) % 3


def test_a_sampler_gives_the_plan_of_its_level_in_another_order_each_epoch() -> None:
    policy = tamis.Policy("random-epoch:0.5", LABELS, epochs=4)
    samplers = {level: PolicySampler(policy, level) for level in ("weight", "arch", "both")}
    orders = []
    for epoch in range(4):
        plan = policy.plan(epoch)
        for sampler in samplers.values():
            sampler.set_epoch(epoch)
        seen = {level: list(sampler) for level, sampler in samplers.items()}
        assert sorted(seen["weight"]) == plan.weight_ids.tolist()
        assert sorted(seen["arch"]) == plan.arch_ids.tolist()
        assert sorted(seen["both"]) == sorted([*plan.weight_ids.tolist(), *plan.arch_ids.tolist()])
        assert len(samplers["both"]) == 60 and seen["both"] == list(samplers["both"]), "one order an epoch"
        orders.append(seen["both"])
    assert len({tuple(order) for order in orders}) == 4


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_with_workers_passes_the_same_samples(workers: int) -> None:
    sampler = PolicySampler(tamis.Policy("random:30", LABELS), "both")
    loader = DataLoader(TensorDataset(torch.arange(120)), batch_size=8, sampler=sampler, num_workers=workers)
    assert torch.cat([batch[0] for batch in loader]).tolist() == list(sampler)


def test_weights_of_losses_are_those_of_the_plan_and_one_elsewhere() -> None:
    sampler = PolicySampler(tamis.Policy("infobatch", LABELS, epochs=10), "weight")
    generator = torch.Generator().manual_seed(0)
    for epoch in range(3):
        sampler.set_epoch(epoch)
        ids = torch.tensor(list(sampler))
        sampler.observe(ids, torch.randn(len(ids), 3, generator=generator))
    plan = sampler.policy.plan(2)
    assert plan.loss_weights is not None
    weights = dict(zip(plan.weight_ids.tolist(), plan.loss_weights.tolist(), strict=True))
    all_ids = torch.arange(120)
    assert sampler.loss_weights(all_ids).tolist() == [weights.get(i, 1.0) for i in range(120)]
    plain = PolicySampler(tamis.Policy("full", LABELS))
    assert plain.loss_weights(all_ids).tolist() == [1.0] * 120


def test_a_sampler_that_is_saved_goes_on_with_the_same_order() -> None:
    def driven(sampler: PolicySampler, epochs: range) -> list[list[int]]:
        orders = []
        for epoch in epochs:
            sampler.set_epoch(epoch)
            ids = torch.tensor(list(sampler))
            sampler.observe(ids, torch.stack([torch.sin(ids * (epoch + 1.0) + c) for c in range(3)], dim=1))
            orders.append(list(sampler))
        return orders

    def made() -> PolicySampler:
        return PolicySampler(tamis.Policy("infobatch", LABELS, epochs=10, seed=1), "weight", seed=1)

    whole = driven(made(), range(8))
    first = made()
    driven(first, range(4))
    second = made()
    second.load_state_dict(first.state_dict())
    assert list(second) == whole[3]
    assert driven(second, range(4, 8)) == whole[4:]


def test_tensors_of_other_devices_and_precisions_are_told_or_taken() -> None:
    z = torch.randn(30, 4, generator=torch.Generator().manual_seed(0))
    expected = tamis.select("k-center:5", embeddings=z.numpy(), labels=LABELS[:30])
    assert np.array_equal(tamis.select("k-center:5", embeddings=z.requires_grad_(), labels=LABELS[:30]), expected)
    half = tamis.select("k-center:5", embeddings=z.bfloat16(), labels=torch.tensor(LABELS[:30]))
    assert np.array_equal(half, tamis.select("k-center:5", embeddings=z.bfloat16().float(), labels=LABELS[:30]))
    with pytest.raises(tamis.SettingError, match="on meta, expected one in memory"):
        tamis.select("k-center:5", embeddings=torch.empty(30, 4, device="meta"))
