"""The search for a recipe, and the choice of models."""

from custom.ensemble.search.searching import SearchResult, choose, search
from custom.ensemble.search.studies import SearchSettings

__all__ = ["SearchResult", "SearchSettings", "choose", "search"]
