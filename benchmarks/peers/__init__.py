"""pinnzo beside DeepXDE, PINA and a plain torch program, each in an environment of its own."""
