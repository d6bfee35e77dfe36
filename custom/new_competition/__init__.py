"""A new competition: from files as they come to its config, test list and sealed split."""

from custom.new_competition.command import Made, NewRequest, make_competition

__all__ = ["Made", "NewRequest", "make_competition"]
