"""FEEL, the expression language of DMN (决策表达式语言): parse, evaluate, functions. Pure."""
