"""What a person or a tool can ask for: one transaction each, value or refusal back."""
