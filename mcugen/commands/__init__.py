"""The commands, a file a family. Each parses its options, calls one function of a stage and prints."""
