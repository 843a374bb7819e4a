"""Fine-tuning on plain types: encode with a loss mask, train LoRA adapters, save and load them."""
