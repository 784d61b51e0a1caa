"""Free product titles: model numbers, numbers, makers, and the words that tell variants apart."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from matchers import (
    FieldKind,
    FieldSpec,
    IncrementalMatcher,
    MatchModel,
    MatchSpec,
    Record,
    default_model,
    match_batch,
    prepare,
    recounted,
    score_pairs,
)
from matchers.compare.product import compare_contrast, compare_model, compare_words
from matchers.measure import agreement
from matchers.normalise.product import title
from matchers.plan import plan
from matchers.score import Scorer
from matchers.terms import TermTable

NO_TERMS = TermTable()
SPEC = MatchSpec(
    entity="product",
    fields=(FieldSpec(name="title", kind=FieldKind.TITLE),),
    duplicate_free=frozenset({"shop", "maker"}),
)
KINDS = ("kettle", "toaster", "blender", "grinder", "juicer", "mixer", "steamer", "fryer")
COLOURS = ("black", "white", "red", "green")


def model_level(one, other, terms=NO_TERMS):
    return compare_model(title((one,)), title((other,)), terms)


def catalogue():
    """Every kind in every colour, in the words of a shop and in those of its maker."""
    for kind in KINDS:
        for colour in COLOURS:
            name = f"{kind} {kind}matic {kind}line with {colour} finish"
            yield Record(f"shop:{kind}:{colour}", "shop", {"title": name})
            other = f"acme {colour} {kind} {kind}matic {kind}line boxed"
            yield Record(f"maker:{kind}:{colour}", "maker", {"title": other})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Player DVP-NC800H/B", "Black player - DVPNC800HB"),
        ("Earbuds EX 55/BLK by MDR EX55/BLK", "Headphones MDREX55BK"),
        ("Theater system HT-Z410/XAA", "Home theater HTZ410T"),
    ],
)
def test_a_model_number_is_known_by_its_stem_whatever_letters_follow(one, other):
    assert model_level(one, other) in {1, 2}
    assert title((one,)).stems & title((other,)).stems


def test_model_numbers_of_other_digits_are_different():
    assert model_level("Player DVP-NC800H", "Player DVP-NC850H") == 3


def test_what_many_titles_hold_numbers_no_model():
    common = TermTable(1000, {"cs3": 90, "s:cs3": 90})
    assert model_level("Suite CS3", "Editor CS3", common) == -1
    assert model_level("Suite CS3", "Editor CS3") == 0


def test_a_model_number_is_found_in_the_text_beside_the_other_title():
    plain = title(("Lighter adapter",), ("Garmin 010-10723-06 - 12V",))
    assert compare_model(title(("Adapter cable 0101072306",)), plain, NO_TERMS) == 1


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Washer WM2455HG 4.2 cu ft", {"4.2"}),
        ("Studio v9.0", {"9"}),
        ("Suite 2007 3-user", {"2007", "3"}),
    ],
)
def test_numbers_are_versions_and_sizes_and_not_the_digits_of_a_model(text, numbers):
    assert title((text,)).numbers == numbers


def test_a_maker_said_in_a_column_of_its_own_is_no_difference_between_titles():
    named = title(("soundtrack deluxe",), ("apple",))
    other = title(("apple soundtrack deluxe",))
    assert compare_words(named, other, NO_TERMS) < compare_words(
        title(("soundtrack deluxe",)), other, NO_TERMS
    )


def test_a_model_number_in_a_column_of_its_own_is_one_of_the_title():
    numbered = MatchSpec(
        entity="product",
        fields=(*SPEC.fields, FieldSpec(name="number", kind=FieldKind.CODE)),
    )
    model = [item.name for item in plan(numbered)].index("model")

    def level(one, other):
        ends = [
            prepare(numbered, Record(side, side, dict(zip(("title", "number"), said, strict=True))))
            for side, said in (("shop", one), ("maker", other))
        ]
        (score,) = score_pairs(numbered, default_model(numbered), [tuple(ends)])
        return score.levels[model]

    assert level(("Avery binder 17332", None), ("Avery binder", "17332")) == 0
    assert level(("Avery binder 17332", None), ("Avery binder", "17232")) == 3


FILMS = MatchSpec(
    entity="film or actor",
    fields=(*SPEC.fields, FieldSpec(name="name", kind=FieldKind.PERSON_NAME)),
    duplicate_free=SPEC.duplicate_free,
)


def test_a_relative_is_no_match_for_want_of_a_nearer_name():
    actors = [
        Record("shop:raymond", "shop", {"name": "Raymond Chandler"}),
        Record("maker:michael", "maker", {"name": "Michael Chandler"}),
    ]
    model = match_batch(FILMS, list(catalogue())).model
    result = match_batch(FILMS, [*catalogue(), *actors], model)
    assert ("maker:michael",) in result.clusters


def test_a_title_names_a_thing_whoever_made_it():
    guard = Scorer(FILMS, default_model(FILMS)).guard
    names = [item.name for item in plan(FILMS)]
    relatives = [-1] * len(names)
    relatives[names.index("person")] = 8
    assert guard.bounded(9.0, relatives) < 0
    relatives[names.index("title.words")] = 0
    assert guard.bounded(9.0, relatives) == 9.0


def test_words_that_only_one_of_two_twins_holds_are_learnt_as_contrast():
    words = next(
        item.terms
        for item in match_batch(SPEC, list(catalogue())).model.comparisons
        if item.name == "title.contrast"
    )
    assert set(COLOURS) <= set(words.counts)
    assert {"kettle", "finish", "with", "boxed"}.isdisjoint(words.counts)


def test_contrasting_words_stay_when_the_frequencies_are_renewed():
    records = list(catalogue())
    learnt = match_batch(SPEC, records).model
    renewed = recounted(SPEC, learnt, (prepare(SPEC, record) for record in records))
    spot = [item.name for item in learnt.comparisons].index("title.contrast")
    assert renewed.comparisons[spot].terms == learnt.comparisons[spot].terms != NO_TERMS


def test_contrast_tells_the_colours_of_one_kind_apart():
    words = TermTable(9, {"black": 5, "white": 5})
    black, white = title(("kettle black",)), title(("kettle white",))
    assert compare_contrast(black, black, words) == 0
    assert compare_contrast(black, white, words) == compare_contrast(white, black, words) == 1


def test_a_title_without_contrasting_words_neither_agrees_nor_differs():
    words = TermTable(9, {"black": 5, "white": 5})
    black, plain = title(("kettle black",)), title(("kettle",))
    assert compare_contrast(black, plain, words) == compare_contrast(plain, black, words) == -1
    assert compare_contrast(plain, plain, words) == -1


FREE = MatchSpec(entity=SPEC.entity, fields=SPEC.fields)


@pytest.mark.parametrize("declared", [[], ["shop"], ["maker"]])
def test_systems_whose_titles_hardly_repeat_are_taken_to_hold_each_thing_once(declared):
    spec = replace(FREE, duplicate_free=frozenset(declared))
    records = list(catalogue())
    result = match_batch(spec, records)
    assert set(result.model.presumed) | set(declared) == {"shop", "maker"}
    assert result.clusters == match_batch(SPEC, records).clusters
    assert match_batch(spec, records, MatchModel.from_json(result.model.to_json())).clusters == (
        result.clusters
    )
    matcher = IncrementalMatcher(spec, result.model)
    for record in records:
        matcher.put(record)
    assert agreement(matcher.clusters(), result.clusters) >= 0.995


def test_a_system_whose_titles_repeat_holds_things_twice():
    again = [replace(record, id=f"{record.id}:again") for record in catalogue()]
    assert match_batch(FREE, [*catalogue(), *again]).model.presumed == ()


def test_where_there_is_one_system_alone_nothing_is_learnt_as_contrast():
    mixed = [replace(record, system="shop") for record in catalogue()]
    model = match_batch(FREE, mixed).model
    assert not any(item.terms.counts for item in model.comparisons if item.name == "title.contrast")


def test_every_variant_finds_its_own_counterpart():
    clusters = match_batch(SPEC, list(catalogue())).clusters
    assert {tuple(name.split(":", 1)[1] for name in members) for members in clusters} == {
        (f"{kind}:{colour}",) * 2 for kind in KINDS for colour in COLOURS
    }


def test_what_was_learnt_as_contrast_survives_the_serial_form():
    model = match_batch(SPEC, list(catalogue())).model
    assert MatchModel.from_json(model.to_json()).version == model.version


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_by_one_in_any_order_gives_the_clusters_of_the_batch(seed):
    records = list(catalogue())
    result = match_batch(SPEC, records)
    matcher = IncrementalMatcher(SPEC, result.model)
    for record in random.Random(seed).sample(records, len(records)):  # noqa: S311 - repeatable
        matcher.put(record)
    assert agreement(matcher.clusters(), result.clusters) >= 0.995


def test_a_pair_that_a_steward_parted_takes_no_partner_from_anybody():
    twin = Record(
        "maker:twin", "maker", {"title": "acme black kettle kettlematic kettleline boxed"}
    )
    records = [*catalogue(), twin]
    model = match_batch(SPEC, list(catalogue())).model
    wrong = ("shop:kettle:black", "maker:twin")
    clusters = match_batch(SPEC, records, model, cannot_link=[wrong]).clusters
    assert ("maker:kettle:black", "shop:kettle:black") in clusters


def test_of_partners_that_exclude_each_other_review_holds_the_likeliest_alone():
    twins = [
        Record(
            f"maker:kettle:{name}", "maker", {"title": "acme kettle kettlematic kettleline boxed"}
        )
        for name in ("one", "two")
    ]
    wanted = Record("shop:wanted", "shop", {"title": "kettle kettlematic kettleline with finish"})
    model = match_batch(SPEC, list(catalogue())).model
    result = match_batch(SPEC, [*catalogue(), wanted, *twins], model)
    likely = [
        pair for pair in result.pairs if pair.right == wanted.id and pair.probability >= SPEC.review
    ]
    assert len(likely) == 2
    assert [pair for pair in result.review if pair.right == wanted.id] == likely[:1]
