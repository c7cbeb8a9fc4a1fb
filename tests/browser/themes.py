"""What the front ends put round an output, for a page without any of them."""

RESET = """@layer base {
    *, ::before, ::after { box-sizing: border-box; margin: 0; padding: 0; border: 0 solid }
    h1, h2, h3, h4, h5, h6 { font-size: inherit; font-weight: inherit }
    b, strong { font-weight: bolder }
    table { border-collapse: collapse; border-color: inherit; text-indent: 0 }
    img, svg, video { display: block; vertical-align: middle }
    img, video { max-width: 100%; height: auto }
    button, input, select { background: #0000; border-radius: 0; color: inherit; font: inherit }
}"""
"""What a page that is made with Tailwind, as marimo's is, takes from every element."""
THEMES = {
    "a page without a theme": ("<body>", "", "light"),
    "a dark page without a theme": ("<body>", "color-scheme: dark; background: #181c1a", "dark"),
    "VS Code": (
        "<body class=vscode-light>",
        "color: #3b3b3b; --vscode-foreground: #3b3b3b; --vscode-editor-background: #ffffff;"
        " --vscode-focusBorder: #005fb8; --vscode-button-background: #005fb8;"
        " --vscode-button-foreground: #ffffff; --vscode-errorForeground: #f85149",
        "light",
    ),
    "VS Code in the dark": (
        "<body class=vscode-dark>",
        "color: #cccccc; --vscode-foreground: #cccccc; --vscode-editor-background: #1f1f1f;"
        " --vscode-focusBorder: #0078d4; --vscode-button-background: #0078d4;"
        " --vscode-button-foreground: #ffffff; --vscode-errorForeground: #f85149;"
        " background: #1f1f1f",
        "dark",
    ),
    "Colab": (
        "<html lang=en theme=light>",
        "color: #212121; --colab-primary-text-color: #212121; --colab-primary-surface-color: white",
        "light",
    ),
    "Colab in the dark": (
        "<html lang=en theme=dark>",
        "color: #e3e3e3; --colab-primary-text-color: #e3e3e3;"
        " --colab-primary-surface-color: #131314;"
        " background: #131314",
        "dark",
    ),
    "marimo": ("<body class=light>", f"color: #0f172a; line-height: 1.5; {RESET}", "light"),
    "marimo in the dark": (
        "<body class=dark>",
        f"color: #eceeed; background: #181c1a; line-height: 1.5; {RESET}",
        "dark",
    ),
}
"""A tag, the style of the page, and whether that is dark."""
