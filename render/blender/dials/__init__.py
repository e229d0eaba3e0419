"""What turns the numbers of a state into a scene, a module per kind of attribute; `registry` knows them all."""
