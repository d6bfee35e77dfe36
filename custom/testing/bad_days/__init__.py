"""Commands on toy data whose inputs are damaged, and which are killed while they write."""
