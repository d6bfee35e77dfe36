"""Labels that models made: chosen by out-of-fold precision, merged with provenance, leak-free."""

from custom.pseudo_labels.command import Request, make_pseudo_labels
from custom.pseudo_labels.provenance import pseudo_labels_for, pseudo_labels_of

__all__ = ["Request", "make_pseudo_labels", "pseudo_labels_for", "pseudo_labels_of"]
