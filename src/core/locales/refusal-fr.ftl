# Ce qui ne va pas exactement dans ce que l’installateur refuse ; la deuxième phrase d’une erreur.

BR-1170 = Il n’y a pas de clé d’éditeur dans { $path }.
    .why = La clé d’un éditeur est un fichier texte de deux lignes (NOM.pub) ; ceci est autre chose, ou a été altéré en route.
    .fix = Redemandez le fichier .pub à l’éditeur, puis ajoutez : --publisher-key FICHIER
BR-1171 = Un autre installateur travaille déjà sur ce serveur.
    .why = Deux à la fois se gêneraient.
    .fix = Laissez-le finir, puis regardez : bridle status. Vous le trouvez avec : pgrep -af install

profile-field-unknown = Ligne { $line }, colonne { $column } : il n’y a pas de champ « { $field } ». Il y a : { $known }.
profile-field-missing = Il manque le champ « { $field } ».
profile-place = Ligne { $line }, colonne { $column } : ceci ne peut pas être lu.
profile-value = Ligne { $line }, colonne { $column } : « { $value } » ne convient pas pour { $field }. { $field ->
    [address] Il faut une adresse IP, par exemple 192.0.2.10.
    [host] Il faut des minuscules, des chiffres, - et . en commençant par une lettre ou un chiffre, par exemple campus.example.org.
   *[name] Il faut des minuscules, des chiffres et - en commençant par une lettre ou un chiffre.
}
profile-format = Son format est { $found }, ce programme lit le format { $known }.
