"""What runs outside the editor: reads a plan, has it rendered, accepts the frames and writes the series."""
