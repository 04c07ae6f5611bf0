"""What the OpenLineage specification demands of the events that we write, as JSON Schema of our own wording.

Written from https://openlineage.io/spec/2-0-2/OpenLineage.json and the facets that `lineage.STANDARD` names;
stricter than those where we know more: nothing that is not named here may stand in an event.
"""

TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 0}


def closed(required: dict, optional: dict | None = None) -> dict:
    """Describe an object that has these properties and no others."""
    return {
        "type": "object",
        "properties": required | (optional or {}),
        "required": sorted(required),
        "additionalProperties": False,
    }


def facet(address: str, required: dict, optional: dict | None = None) -> dict:
    """Describe a facet: it says who made it and which schema it follows."""
    base = {
        "_producer": {"type": "string", "format": "uri"},
        "_schemaURL": {"const": address},
    }
    return closed(base | required, optional)


def standard(name: str, version: str, required: dict, optional: dict | None = None) -> dict:
    """Describe a facet of the specification."""
    address = f"https://openlineage.io/spec/facets/{version}/{name}.json#/$defs/{name}"
    return facet(address, required, optional)


def items(of: dict) -> dict:
    """Describe a list."""
    return {"type": "array", "items": of}


TRANSFORMATION = closed(
    {"type": {"enum": ["DIRECT", "INDIRECT"]}},
    {
        "subtype": {"enum": ["IDENTITY", "TRANSFORMATION", "AGGREGATION"]},
        "description": {"type": "string"},
        "masking": {"type": "boolean"},
    },
)
INPUT_FIELD = closed(
    {"namespace": TEXT, "name": TEXT, "field": TEXT}, {"transformations": items(TRANSFORMATION)}
)
DATASET_FACETS = closed(
    {},
    {
        "schema": standard(
            "SchemaDatasetFacet",
            "1-2-0",
            {"fields": items(closed({"name": TEXT}, {"type": TEXT, "description": TEXT}))},
        ),
        "columnLineage": standard(
            "ColumnLineageDatasetFacet",
            "1-2-0",
            {
                "fields": {
                    "type": "object",
                    "additionalProperties": closed({"inputFields": items(INPUT_FIELD)}),
                }
            },
        ),
        "dataQualityMetrics": standard(
            "DataQualityMetricsDatasetFacet",
            "1-0-0",
            {
                "rowCount": COUNT,
                "columnMetrics": {
                    "type": "object",
                    "additionalProperties": closed({"nullCount": COUNT}),
                },
            },
        ),
        "documentation": standard("DocumentationDatasetFacet", "1-1-0", {"description": TEXT}),
        "yiwang_masking": facet(
            "urn:yiwang:lineage:masking:1",
            {
                "fields": {
                    "type": "object",
                    "additionalProperties": closed(
                        {"level": {"enum": [3, 4]}, "masked": {"const": True}}
                    ),
                }
            },
        ),
    },
)
DATASET = {"namespace": {"const": "yiwang"}, "name": TEXT, "facets": DATASET_FACETS}
OUTPUT_FACETS = closed(
    {},
    {
        "outputStatistics": standard(
            "OutputStatisticsOutputDatasetFacet", "1-0-2", {"rowCount": COUNT}
        )
    },
)
JOB_FACETS = closed(
    {
        "jobType": standard(
            "JobTypeJobFacet",
            "2-0-4",
            {
                "processingType": {"enum": ["BATCH", "STREAMING"]},
                "integration": TEXT,
                "jobType": {"enum": ["LANDING", "FUSION", "PUBLISHING"]},
            },
        )
    },
    {
        "sql": standard("SQLJobFacet", "1-1-0", {"query": TEXT, "dialect": {"const": "duckdb"}}),
        "documentation": standard("DocumentationJobFacet", "1-1-0", {"description": TEXT}),
    },
)
RUN_FACETS = closed(
    {},
    {
        "processing_engine": standard(
            "ProcessingEngineRunFacet", "1-1-1", {"version": TEXT, "name": TEXT}
        ),
        "errorMessage": standard(
            "ErrorMessageRunFacet", "1-0-1", {"message": TEXT, "programmingLanguage": TEXT}
        ),
    },
)
RUN_EVENT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **closed(
        {
            "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
            "eventTime": {"type": "string", "format": "date-time"},
            "run": closed({"runId": {"type": "string", "format": "uuid"}, "facets": RUN_FACETS}),
            "job": closed({"namespace": {"const": "yiwang"}, "name": TEXT, "facets": JOB_FACETS}),
            "inputs": items(closed(DATASET)),
            "outputs": items(closed(DATASET, {"outputFacets": OUTPUT_FACETS})),
            "producer": {"type": "string", "format": "uri"},
            "schemaURL": {
                "const": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
            },
        }
    ),
}
