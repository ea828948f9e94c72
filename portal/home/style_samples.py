def style_samples():
    return {}
