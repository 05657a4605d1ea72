//! The nouns of the platform and their YAML: Scenario, Package, Model, Node, Policy and the rest.
