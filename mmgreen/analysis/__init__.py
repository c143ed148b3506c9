"""What is measured of models: speed, memory, multiply-adds, and whether a change alters results."""
