namespace :admin do
  resources :people, except: [:show]
  resources :exports, only: [:create]
end
