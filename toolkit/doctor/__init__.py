"""What `ctk doctor` looks at: libraries, tools, plug-ins, the cache, the processor. Nothing here imports a runtime."""
