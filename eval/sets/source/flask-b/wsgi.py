from museum import create_app

app = create_app()
