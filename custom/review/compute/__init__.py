"""What the pages of a review show, computed from tables."""
