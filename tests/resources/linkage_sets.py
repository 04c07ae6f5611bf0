"""Public sets of records with truth (公开匹配数据): FEBRL 1 and 2, fake_1000; ways to link them.

Ours: `library.link` with the settings below. Its weights are the hand-set ones of `fusion.matching` by the
kind of a field; what is chosen per set is which fields are compared, which agree exactly, and which bring pairs
together. Splink alone: the settings of Splink's own tutorials for these sets, trained as they train.
Exact rules: only the keys of our settings.
"""

import gzip
import io
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from yiwang.engines.tabular.door import tabular_open
from yiwang.resources.fusion.data import Score
from yiwang.resources.fusion.library import link
from yiwang.resources.fusion.matching import Compared, Matching

DATA = Path(__file__).parent / "data"
SETS = ("febrl1", "febrl2", "fake_1000")
FEBRL = Matching(
    compared=(
        Compared("given_name", "NAME", frequent=True, swapped="surname"),
        Compared("surname", "NAME", frequent=True, swapped="given_name"),
        Compared("date_of_birth", "DATE"),
        Compared("soc_sec_id", "NUMBER"),
        Compared("street_number", "SHORT_NUMBER"),
        Compared("address_1", "PLACE", frequent=True),
        Compared("address_2", "PLACE", frequent=True),
        Compared("suburb", "PLACE", frequent=True),
        Compared("postcode", "SHORT_NUMBER", frequent=True),
    ),
    keys=(("soc_sec_id", "date_of_birth"), ("given_name", "surname", "date_of_birth")),
    blocks=(
        ("soc_sec_id",),
        ("date_of_birth",),
        ("surname:4", "given_name:2"),
        ("given_name:4", "postcode"),
        ("surname:3", "postcode"),
        ("address_1:8", "suburb:4"),
        ("street_number", "address_1"),
        ("soc_sec_id:4",),
    ),
)
FAKE = Matching(
    compared=(
        Compared("first_name", "NAME", frequent=True, swapped="surname"),
        Compared("surname", "NAME", frequent=True, swapped="first_name"),
        Compared("dob", "DATE"),
        Compared("city", "PLACE", frequent=True),
        Compared("email", "EMAIL"),
    ),
    keys=(("first_name", "surname", "dob"),),
    blocks=(
        ("dob",),
        ("email",),
        ("first_name", "surname"),
        ("first_name:3", "city"),
        ("surname:3", "city"),
        ("surname:3", "first_name:2"),
        ("email:5",),
        ("first_name:4", "dob:4"),
        ("surname:4", "dob:4"),
    ),
)
SETTINGS = {"febrl1": FEBRL, "febrl2": FEBRL, "fake_1000": FAKE}


def records_read(name: str) -> pa.Table:
    """Read a set: its fields as text, `cluster` the truth."""
    text = gzip.decompress((DATA / f"{name}.csv.gz").read_bytes()).decode().replace(", ", ",")
    names = text.splitlines()[0].split(",")
    kinds = {column: pa.string() for column in names}
    options = csv.ConvertOptions(column_types=kinds, strings_can_be_null=True)
    table = csv.read_csv(io.BytesIO(text.encode()), convert_options=options)
    if "rec_id" in names:
        truth = [one.split("-")[1] for one in table.column("rec_id").to_pylist()]
        table = table.rename_columns(["unique_id", *names[1:]])
        table = table.append_column("cluster", pa.array(truth))
    return table


def pairs_score(truth: pa.ChunkedArray, found: object) -> Score:
    """Count pairs that are together in truth, in what was found, in both."""
    with tabular_open() as connection:
        connection.register("both_", pa.table({"person": truth, "uid": found}))
        counts = [
            connection.execute(
                "select coalesce(sum(n * (n - 1) // 2), 0)::bigint from "
                f"(select count(*) as n from both_ group by {columns})"
            ).fetchall()[0][0]
            for columns in ("person", "uid", "person, uid")
        ]
    return Score(pairs_true=counts[0], pairs_found=counts[1], pairs_right=counts[2])


def ours(name: str, *, sure: float | None = None) -> Score:
    """Link with the product's linkage; sure: another threshold than the settings have."""
    table = records_read(name)
    settings = SETTINGS[name] if sure is None else replace(SETTINGS[name], sure=sure)
    return pairs_score(table.column("cluster"), pa.array(link(table, settings).cluster))


def exact(name: str) -> Score:
    """Link by the exact keys of our settings alone."""
    table = records_read(name)
    settings = replace(SETTINGS[name], blocks=())
    return pairs_score(table.column("cluster"), pa.array(link(table, settings).cluster))


def splink_alone(name: str, thresholds: tuple[float, ...]) -> dict[float, Score]:
    """Train and cluster as Splink's tutorials do; returns the score at each threshold."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    table = records_read(name)
    if name == "fake_1000":
        compared = [
            cl.NameComparison("first_name"),
            cl.NameComparison("surname"),
            cl.LevenshteinAtThresholds("dob", 1),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ]
        blocks = [block_on("first_name", "city"), block_on("surname")]
        certain = [
            "l.first_name = r.first_name and levenshtein(r.dob, l.dob) <= 1",
            "l.surname = r.surname and levenshtein(r.dob, l.dob) <= 1",
            "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2",
            "l.email = r.email",
        ]
        recall, training = 0.7, (block_on("first_name", "surname"), block_on("dob"))
    else:
        rare = {"term_frequency_adjustments": True}
        compared = [
            cl.NameComparison("given_name").configure(**rare),
            cl.NameComparison("surname").configure(**rare),
            cl.DateOfBirthComparison(
                "date_of_birth",
                input_is_string=True,
                datetime_format="%Y%m%d",
                invalid_dates_as_null=True,
            ),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(**rare),
            cl.ExactMatch("postcode").configure(**rare),
        ]
        fields = ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")
        blocks = [block_on(field) for field in fields]
        certain = [
            block_on("soc_sec_id"),
            block_on("given_name", "surname", "date_of_birth"),
            "l.given_name = r.surname and l.surname = r.given_name and l.date_of_birth = r.date_of_birth",
        ]
        recall, training = 0.9, (block_on("date_of_birth"), block_on("postcode"))
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=compared,
        blocking_rules_to_generate_predictions=blocks,
    )
    with tabular_open() as connection:
        api = DuckDBAPI(connection)
        linker = Linker(api.register(table, dataset_display_name=name), settings)
        logging.getLogger("splink").setLevel(logging.ERROR)
        linker.training.estimate_probability_two_random_records_match(certain, recall=recall)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
        for rule in training:
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        pairs = linker.inference.predict(threshold_match_probability=min(thresholds))
        scores = {}
        for threshold in thresholds:
            clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
                pairs, threshold_match_probability=threshold
            )
            found = connection.execute(
                f"select cluster, cluster_id from {clusters.physical_name}"
            ).fetchnumpy()
            truth, groups = (np.asarray(found[key]) for key in ("cluster", "cluster_id"))
            scores[threshold] = pairs_score(pa.array(truth.tolist()), pa.array(groups.tolist()))
    return scores
