"""Weights that balance themselves from loss values."""

import math

import pytest
import sympy as sp
import torch
from running import command, quick

import pinnzo as pz
from pinnzo.assembly import Assembly
from pinnzo.errors import SettingError
from pinnzo.settings import RunSettings, settings_from_json, settings_to_json
from pinnzo.training import as_balance

RULES = {
    "relobralo": pz.ReLoBRaLo(memory=0.5, lookback=0.5),
    "softadapt": pz.SoftAdapt(beta=2.0, window=2),
    "softadapt by rates alone": pz.SoftAdapt(beta=2.0, window=1, loss_weighted=False),
}
rules = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


def interval(weight=None, wall="soft"):
    """u'' + u = x² + 2 with three soft conditions, of which one may have a weight."""
    x = sp.Symbol("x", real=True)
    u = sp.Function("u")(x)
    return pz.Problem(
        sp.Eq(u.diff(x, 2) + u, x**2 + 2),
        pz.Box({x: (0, 1)}),
        [
            pz.Condition(sp.Eq(u.subs(x, 0), 0), name="left", enforce=wall),
            pz.Condition(sp.Eq(u.subs(x, 1), 1), name="right", enforce=wall, weight=weight),
        ],
        exact=x**2,
    )


def seen(rule, *losses, names="ab", seed=0):
    state = rule.init(list(names), seed)
    for values in losses:
        state = rule.update(state, dict(zip(names, values, strict=True)))
    return list(state["factors"].values())


def softmax(*exponents):
    powers = [math.exp(e) for e in exponents]
    return [len(powers) * p / sum(powers) for p in powers]


def test_relobralo_is_the_formula_of_its_authors():
    rule = pz.ReLoBRaLo(temperature=0.5, memory=0.9, lookback=1.0)
    assert seen(rule, (1.0, 4.0)) == [1.0, 1.0]
    second = [0.9 + 0.1 * f for f in softmax(0.5 / 0.5, 0.25 / 0.5)]
    assert seen(rule, (1.0, 4.0), (0.5, 1.0)) == pytest.approx(second)
    third = [0.9 * old + 0.1 * f for old, f in zip(second, softmax(1 / 0.5, 2 / 0.5), strict=True)]
    assert seen(rule, (1.0, 4.0), (0.5, 1.0), (0.5, 2.0)) == pytest.approx(third)


def test_relobralo_looks_back_to_the_first_step():
    rule = pz.ReLoBRaLo(memory=0.5, lookback=0.0)
    back, fresh = softmax(0.25, 0.5), softmax(0.5, 2.0)
    expected = [0.5 * a + 0.5 * b for a, b in zip(back, fresh, strict=True)]
    assert seen(rule, (1.0, 4.0), (0.5, 1.0), (0.25, 2.0)) == pytest.approx(expected)


def test_relobralo_looks_back_as_often_as_it_is_told():
    rule = pz.ReLoBRaLo(memory=0.5, lookback=0.8)
    state, looked = rule.init("ab", 3), 0
    for step in range(400):
        before = list(state["factors"].values())
        # Since the last step nothing has changed, since the first one b has doubled.
        state = rule.update(state, {"a": 1.0, "b": 1.0 if step == 0 else 2.0})
        looked += step > 1 and list(state["factors"].values()) != pytest.approx([0.5 * f + 0.5 for f in before])
    assert 0.14 < looked / 400 < 0.26


def test_softadapt_is_the_formula_of_its_authors():
    changes = (-0.5 / 3.5, -3.0 / 3.5)
    plain = pz.SoftAdapt(beta=2.0, window=1, loss_weighted=False)
    assert seen(plain, (1.0, 4.0), (0.5, 1.0)) == pytest.approx(softmax(*(2 * s for s in changes)))
    weighted = pz.SoftAdapt(beta=2.0, window=1)
    expected = softmax(*(2 * s + math.log(size) for s, size in zip(changes, (0.5, 1.0), strict=True)))
    assert seen(weighted, (1.0, 4.0), (0.5, 1.0)) == pytest.approx(expected)


def test_softadapt_keeps_its_factors_for_a_window():
    rule = pz.SoftAdapt(window=3)
    assert seen(rule, (1.0, 4.0), (0.5, 1.0), (0.2, 1.0)) == [1.0, 1.0]
    four = seen(rule, (1.0, 4.0), (0.5, 1.0), (0.2, 1.0), (0.1, 1.0))
    assert four != [1.0, 1.0]
    assert seen(rule, (1.0, 4.0), (0.5, 1.0), (0.2, 1.0), (0.1, 1.0), (9.0, 1.0), (9.0, 1.0)) == four


@rules
def test_factors_are_positive_and_sum_up_to_the_number_of_terms(rule):
    losses = torch.rand(30, 3, generator=torch.Generator().manual_seed(0)).tolist()
    for count in range(1, 30):
        factors = seen(rule, *losses[:count], names="abc")
        assert min(factors) > 0
        assert sum(factors) == pytest.approx(3)


@rules
def test_a_term_that_does_not_fall_gains_weight(rule):
    first, second = seen(rule, *((1.0, 0.5**k) for k in range(6)))
    assert first > second


@rules
def test_zeros_and_nothing_finite_do_no_harm(rule):
    factors = seen(rule, (1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (0.0, 0.0), (1.0, 1.0))
    assert all(math.isfinite(f) and f >= 0 for f in factors)
    before = ((1.0, 2.0), (0.5, 1.5), (0.5, 1.0))
    assert seen(rule, *before, (math.nan, 1.0), (1.0, math.inf)) == seen(rule, *before)
    assert seen(rule, (1.0,), (2.0,), (1.0,), names="a") == [1.0]


@rules
def test_the_state_is_left_as_it_was(rule):
    state = rule.init("ab", 0)
    for k in range(4):
        copied = {
            name: list(v) if isinstance(v, list) else dict(v) if isinstance(v, dict) else v for name, v in state.items()
        }
        new = rule.update(state, {"a": 1.0 + k, "b": 2.0})
        assert all(
            torch.equal(state[n], v) if isinstance(v, torch.Tensor) else state[n] == v for n, v in copied.items()
        )
        state = new


def test_reweighting_multiplies_the_weights_of_terms():
    objective = Assembly(interval(weight=3.0), RunSettings(points=8)).objective
    assert objective.balanced == ("equation", "left")
    objective.draw(torch.Generator().manual_seed(0))
    theta = torch.randn(2, objective.parameter_count, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    before = objective.residuals(theta)
    for _ in range(2):
        # Factors are not multiplied up.
        objective.reweight({"equation": 4.0, "left": 0.25})
    after = objective.residuals(theta)
    factors = torch.tensor([2.0] * 8 + [0.5] * 4 + [1.0] * 4, dtype=torch.float64)
    torch.testing.assert_close(after, before * factors)
    objective.draw(torch.Generator().manual_seed(0))
    torch.testing.assert_close(objective.residuals(theta), after)


TRAINERS = [
    pz.LevenbergMarquardt(), pz.LevenbergMarquardt(hold=3), pz.RandomGradient(), pz.HybridZO(switch_step=3), pz.LBFGS(hold=4),
    pz.FirstOrder(),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "trainer"),
    [*((RULES["relobralo"], trainer) for trainer in TRAINERS), *((rule, TRAINERS[1]) for rule in RULES.values())],
    ids=lambda setting: type(setting).__name__,
)
def test_a_resumed_run_is_the_uninterrupted_one(tmp_path, rule, trainer):
    settings = {"problem": interval(), "trainer": trainer, "balance": rule}
    whole = quick(**settings, budget=pz.Budget(steps=8))
    quick(**settings, budget=pz.Budget(steps=4), checkpoint=tmp_path)
    resumed = pz.resume(tmp_path, budget=pz.Budget(steps=8), progress=False)
    assert resumed.history.same_run(whole.history)
    assert torch.equal(resumed.run.trainer.theta, whole.run.trainer.theta)
    assert resumed.run.balance["factors"] == whole.run.balance["factors"]
    assert resumed.settings.balance == rule
    assert set(whole.run.balance["factors"]) == {"equation", "left", "right"}


def test_weights_that_are_given_stay():
    settings = {"balance": RULES["relobralo"], "budget": pz.Budget(steps=4)}
    declared = quick(interval(weight=7.0), **settings)
    assert set(declared.run.balance["factors"]) == {"equation", "left"}
    chosen = quick(interval(), weights={"left": 5.0}, **settings)
    assert set(chosen.run.balance["factors"]) == {"equation", "right"}


def test_nothing_to_balance_is_the_run_with_fixed_weights():
    plain, balanced = (quick(interval(wall="auto"), balance=b) for b in (None, "relobralo"))
    assert torch.equal(plain.theta, balanced.theta)
    assert plain.run.balance == {}


def test_balancing_changes_training_but_not_the_loss_on_held_out_points():
    plain, balanced = (quick(interval(), balance=b) for b in (None, RULES["softadapt by rates alone"]))
    assert not torch.equal(plain.theta, balanced.theta)
    objective = Assembly(interval(), balanced.settings).validation
    assert float(objective.losses(balanced.theta[None])[0]) == pytest.approx(balanced.loss, rel=1e-12)


def test_the_terms_are_evaluated_once_a_step():
    plain, balanced = (quick(interval(), balance=b, budget=pz.Budget(steps=3)) for b in (None, "softadapt"))
    per_query = Assembly(interval(), balanced.settings).objective.evaluations_per_query
    assert balanced.evaluations - plain.evaluations == 3 * per_query


@pytest.mark.parametrize("rule", ["relobralo", "softadapt"])
def test_names_and_settings(rule):
    assert as_balance(rule) == type(as_balance(rule))()
    settings = RunSettings(balance=rule)
    assert settings_from_json(settings_to_json(settings)) == settings


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: RunSettings(balance="ntk"), "'relobralo' or 'softadapt'"),
        (lambda: RunSettings(balance=pz.ReLoBRaLo), "'relobralo' or 'softadapt'"),
        (lambda: pz.ReLoBRaLo(temperature=0), "temperature"),
        (lambda: pz.ReLoBRaLo(memory=1.0), r"memory must lie in \[0, 1\)"),
        (lambda: pz.ReLoBRaLo(lookback=-0.1), "lookback"),
        (lambda: pz.SoftAdapt(window=0), "window"),
        (lambda: pz.SoftAdapt(beta=math.nan), "beta"),
    ],
)
def test_mistakes_are_named(make, named):
    with pytest.raises(SettingError, match=named):
        make()


def test_the_command_line_has_it(tmp_path):
    common = ("--steps", 2, "--width", 8, "--points", 10, "--quiet", "--checkpoint", tmp_path)
    result = command("solve", "poisson", *common, "--balance", "softadapt")
    assert result.exit_code == 0, result.output
    assert pz.resume(tmp_path, budget=pz.Budget(steps=2), progress=False).settings.balance == pz.SoftAdapt()
