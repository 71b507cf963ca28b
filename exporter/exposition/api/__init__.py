"""The JSON API: what the snapshot and the ledger hold, for programs, with an OpenAPI document that describes it."""

from exporter.exposition.api.endpoints import AskUsage, SurveyEndpoints
from exporter.exposition.api.routes import API_PREFIX, answer_error, answer_fault, api_routes
from exporter.exposition.api.surveys import Surveys, choice_of

__all__ = [
    "API_PREFIX",
    "AskUsage",
    "SurveyEndpoints",
    "Surveys",
    "answer_error",
    "answer_fault",
    "api_routes",
    "choice_of",
]
