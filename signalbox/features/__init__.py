"""The list of features, one folder each with the same few file names. No import magic: the tuples say it all."""
