# Ce qu’une interruption ou une autre version a laissé.
BR-1160 = Le journal d’une opération a été écrit par une version plus récente de Bridle : { $path }.
    .why = Il contient des enregistrements que cette version ne connaît pas. Deviner leur sens pourrait défaire ou répéter du travail : rien n’est donc touché.
    .fix = Revenez à la version plus récente : lancez l’installateur de la dernière version que cette machine a utilisée. D’ici là, seule cette opération peut commencer : bridle uninstall
